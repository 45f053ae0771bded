//! The only application HTTP: operations, sockets, configuration, command line.
