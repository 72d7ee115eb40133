"""Run notebooks, on this machine or on a Dask cluster, and keep what their cells put out."""
