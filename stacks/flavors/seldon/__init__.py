"""Models served by Seldon Core on Kubernetes, each from one SeldonDeployment of our own making."""
