package dev.ratoon.server;

import java.net.InetSocketAddress;
import java.nio.file.Path;

/**
 * Where a server keeps its data and where it listens.
 *
 * @param home the data folder
 * @param listen port 0 takes any free one
 * @param version of Ratoon, which the server's health shows
 */
public record ServerConfig(Path home, InetSocketAddress listen, String version) {}
