"""Uploads and downloads: photos and recordings received, scanned and streamed."""
