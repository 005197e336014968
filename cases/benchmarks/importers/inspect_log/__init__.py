"""What Inspect's two log formats share: samples, scores recounted from them, and the verdict. See its modules."""
