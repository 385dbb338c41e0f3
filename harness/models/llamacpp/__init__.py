"""Local GGUF models through the protocol of llama.cpp's server."""
