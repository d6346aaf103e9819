"""The local Sinch on the cloud port. This version has no operations yet and says so; see `app`."""
