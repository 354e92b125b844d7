"""Send the rows to the platform: the choice of each request, and the threads that send them."""
