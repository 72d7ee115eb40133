# The image for students: JupyterLab with the lessons and exercises. `docker compose up` builds and starts it.
FROM python:3.11-slim-bookworm

RUN useradd --create-home --uid 1000 student
WORKDIR /home/student/course
COPY --chown=student:student . .
# uv in the version that pyproject.toml names, as in the Makefile.
RUN pip install --no-cache-dir "$(sed -n 's/.*"\(uv==[^"]*\)".*/\1/p' pyproject.toml)" && binder/postBuild

USER 1000
EXPOSE 8888
CMD ["jupyter", "lab", "--ip=0.0.0.0", "--no-browser"]
