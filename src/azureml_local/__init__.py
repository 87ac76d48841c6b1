"""Azure Machine Learning on one machine: an HTTPS server on loopback that the unmodified `MLClient` talks to.

It is to Azure ML what Azurite is to Azure Storage. `server/app.py` shows the whole server, `server/types.py` what
it knows, `parity.py` what the real service does that no one would guess. It imports nothing of what is around it.
"""
