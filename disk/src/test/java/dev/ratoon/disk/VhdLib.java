package dev.ratoon.disk;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * The npm package vhd-lib, which reads differencing VHDs. It is installed below {@code target} when
 * it is first asked.
 */
public final class VhdLib {
  private static final Path SOURCE = Path.of("src/test/oracles/vhd-lib").toAbsolutePath();
  private static final Path INSTALLED = Path.of("target/vhd-lib").toAbsolutePath();

  private VhdLib() {}

  /** Checks the chain of {@code child}, and writes what a guest reads from it to {@code raw}. */
  public static synchronized void read(Path child, Path raw) throws Exception {
    if (!Files.exists(INSTALLED.resolve("node_modules/vhd-lib/package.json"))) {
      Files.createDirectories(INSTALLED);
      for (String file : List.of("package.json", "package-lock.json", "read.js")) {
        Files.write(INSTALLED.resolve(file), Files.readAllBytes(SOURCE.resolve(file)));
      }
      Tools.text(
          List.of(
              "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--prefix", INSTALLED));
    }
    Files.write(INSTALLED.resolve("read.js"), Files.readAllBytes(SOURCE.resolve("read.js")));
    Tools.text(
        List.of("node", INSTALLED.resolve("read.js"), child.toRealPath(), raw.toAbsolutePath()));
  }
}
