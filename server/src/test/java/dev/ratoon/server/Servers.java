package dev.ratoon.server;

import dev.ratoon.server.store.DatabaseAddress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.ArrayList;
import java.util.List;

/** Several servers of one fleet, on one database. */
final class Servers implements AutoCloseable {
  private final List<TestServer> all = new ArrayList<>();

  /** Each keeps its files in a folder of its own below {@code home}. */
  Servers(Path home, int count) throws IOException, GeneralSecurityException {
    DatabaseAddress address = TestDatabase.shared();
    for (int i = 0; i < count; i++) {
      Path own = Files.createDirectories(home.resolve("server-" + i));
      TestDatabase.share(own, address);
      if (i > 0) {
        // As an operator does before a server's first start.
        Path folder = Files.createDirectories(own.resolve("server"));
        for (String file : List.of("ca.pem", "ca.key")) {
          Files.copy(home.resolve("server-0/server").resolve(file), folder.resolve(file));
        }
      }
      all.add(TestServer.start(own));
    }
  }

  TestServer get(int index) {
    return all.get(index);
  }

  int count() {
    return all.size();
  }

  @Override
  public void close() {
    all.forEach(TestServer::close);
  }
}
