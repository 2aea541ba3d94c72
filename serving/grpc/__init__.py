"""The Open Inference Protocol over gRPC, for stacks that ask for it."""
