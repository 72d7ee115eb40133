#!/bin/bash
# Gradescope runs this once, as root and with a network, when it builds the image of the autograder.
set -euo pipefail

source=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$source")

apt-get update
apt-get install -y --no-install-recommends bubblewrap python3 python3-pip python3-venv

if python3 -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))'; then
    python3 -m venv "$root/venv"
else # the image's Python is too old or too new for the engine
    python3 -m pip install uv
    UV_PYTHON_INSTALL_DIR=/opt/python python3 -m uv venv --seed --python 3.12 "$root/venv"
fi
cd "$source" # a wheel in requirements.txt lies beside it
"$root/venv/bin/pip" install -r requirements.txt

# What a judge can decide is found out once, here, and not for each submission.
"$root/venv/bin/autograder" judge --course "$source/course" ||
    echo "The tests could not be tried here. Each submission will take longer."
