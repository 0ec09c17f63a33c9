package dev.ratoon.bench.broadcast;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/** What the foreign ways have in common: programs, and one file on each host. */
abstract class ForeignWay implements Way {
  static final int PORT = 7900;
  static final String FILE = "base.raw";

  /** socat moves so much at once. */
  static final String PIECE = "262144";

  final Hosts hosts;
  final Path base;
  private final Images.Image image;
  private final String name;
  private final List<Process> running = new ArrayList<>();

  ForeignWay(String name, Hosts hosts, Images.Image image) {
    this.name = name;
    this.hosts = hosts;
    this.image = image;
    this.base = image.file();
  }

  @Override
  public final String name() {
    return name;
  }

  @Override
  public int receivers() {
    return hosts.receivers();
  }

  @Override
  public Optional<Path> received(int host) {
    return Optional.of(hosts.folder(host).resolve(FILE));
  }

  @Override
  public final byte[] digest() {
    return image.digest();
  }

  @Override
  public final double send() throws IOException, InterruptedException {
    long begin = System.nanoTime();
    transfer();
    return (System.nanoTime() - begin) / 1e9;
  }

  /** Returns when the last host has written all of it. */
  abstract void transfer() throws IOException, InterruptedException;

  /** Where what is sent lies. */
  final Path folder() {
    return Objects.requireNonNull(base.getParent());
  }

  /** Starts a program that is ended at the latest when this way is cleaned up. */
  final Process start(int host, String... command) throws IOException {
    Process process = hosts.start(host, command);
    running.add(process);
    return process;
  }

  @Override
  public void cleanUp() throws IOException, InterruptedException {
    Programs.end(running);
    running.clear();
    for (int host = 1; host <= receivers(); host++) {
      boolean _ = Files.deleteIfExists(hosts.folder(host).resolve(FILE));
    }
  }
}
