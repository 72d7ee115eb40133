"""Extensions of the Jupyter server."""
