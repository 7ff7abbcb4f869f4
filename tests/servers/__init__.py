"""Protocol servers: the vendors as our suite meets them, over real sockets."""
