"""Models served by Seldon Core on Kubernetes, each from one SeldonDeployment of our own making.

settings.py   what the stack file says of it
names.py      what Kubernetes calls a model
manifest.py   a model and the settings as a SeldonDeployment
rules.py      what the operator's webhook would refuse, told before it is asked
cluster.py    the few calls to the Kubernetes API
progress.py   whether a version is really up, and if not, why
counts.py     what the pods of a predictor counted
deployer.py   serve, stop, try out, observe, finish, withdraw
flavor.py     the ZenML side
"""
