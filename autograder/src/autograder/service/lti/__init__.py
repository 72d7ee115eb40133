"""LTI 1.3: a learning management system opens the service for its students, and takes their marks back.

The protocol is that of 1EdTech: an OpenID Connect login that the platform (the LMS) begins, a signed launch, and the
Assignment and Grade Services. PyJWT and cryptography do what has to do with keys and signatures.
"""
