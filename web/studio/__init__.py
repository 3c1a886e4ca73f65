"""The pages under /studio: models edited, checked, compared, rehearsed, put live and watched."""
