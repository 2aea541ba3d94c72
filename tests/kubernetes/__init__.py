"""A stand-in for a cluster with Seldon Core's operator, over real HTTP, with real model servers.

It is none of the real programs: no API server and no operator can be had where the tests run. What
it knows of them is what their documentation and the field say; see docs/serving.md.
"""
