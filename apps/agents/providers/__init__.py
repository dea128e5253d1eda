"""Who serves model calls: providers in their order, fail-over between them, and their test."""
