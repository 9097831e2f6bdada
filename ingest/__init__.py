"""Taking in uploads: from a file that anybody sent to typed data with a description."""
