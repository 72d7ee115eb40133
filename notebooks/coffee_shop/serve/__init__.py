"""A web server for churn predictions over TensorFlow Serving's REST API: ``python -m coffee_shop.serve FOLDER``."""
