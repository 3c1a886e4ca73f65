"""Where bytes lie: a folder of this machine or a bucket of an S3 server."""
