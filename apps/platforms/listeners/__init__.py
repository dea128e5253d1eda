"""The listeners' process: connections that are kept up in one event loop."""
