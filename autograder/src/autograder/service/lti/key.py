"""The key pair of the service: platforms know it by its public half."""

from __future__ import annotations

import hashlib
import os
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from jwt.algorithms import RSAAlgorithm

from autograder.course.coursedir import Course, CourseError
from autograder.course.text import first_line

FILE = "lti_key.pem"
_BITS = 2048


class ToolKey:
    """The service's own RSA key, in ``lti_key.pem`` of the course. It is made if it is not there.

    Parameters
    ----------
    course : Course

    Raises
    ------
    CourseError
        If the file holds no such key.
    """

    def __init__(self, course: Course):
        path = course.root / FILE
        if not path.exists():
            new = rsa.generate_private_key(public_exponent=65537, key_size=_BITS)
            pem = new.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
            with open(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
                file.write(pem)
        try:
            key = load_pem_private_key(path.read_bytes(), None)
        except (ValueError, TypeError) as error:
            raise CourseError(f"{path} is no private key: {first_line(error)}. Delete it to have a new one") from error
        if not isinstance(key, rsa.RSAPrivateKey):
            raise CourseError(f"{path} is no RSA key. Delete it to have a new one")
        self._key = key
        public = RSAAlgorithm.to_jwk(key.public_key(), as_dict=True)
        name = hashlib.sha256(public["n"].encode()).hexdigest()[:16]  # platforms notice by it that the key is another
        self._public = {**public, "alg": "RS256", "use": "sig", "kid": name}

    def public(self) -> dict[str, Any]:
        """Return the public half as a set of JSON Web Keys, which platforms read."""
        return {"keys": [self._public]}

    def sign(self, claims: dict[str, Any]) -> str:
        """Return a JSON Web Token with these claims."""
        return jwt.encode(claims, self._key, "RS256", {"kid": self._public["kid"]})
