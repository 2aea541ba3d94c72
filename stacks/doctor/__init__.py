"""What a stack would do with a pipeline, told before anything is built, registered or submitted."""
