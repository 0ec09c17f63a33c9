package dev.ratoon.agent.adopt;

import dev.ratoon.agent.host.DurableFile;
import dev.ratoon.disk.file.Faults;
import dev.ratoon.disk.manifest.Digests;
import dev.ratoon.protocol.Json;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import tools.jackson.core.JacksonException;

/**
 * What this host has changed of operators' files, kept so that it can be undone whatever happens:
 * an entry is on the disk before its file is touched, and goes after the file was given back.
 */
final class ParentLedger {
  private static final Logger LOG = LoggerFactory.getLogger(ParentLedger.class);
  private static final String ENDING = ".json";

  private final Path folder;
  private final Map<Path, ParentFile> entries = new ConcurrentHashMap<>();

  ParentLedger(Path folder) {
    this.folder = folder;
    try {
      Files.createDirectories(folder);
      try (DirectoryStream<Path> files = Files.newDirectoryStream(folder, "*" + ENDING)) {
        files.forEach(this::read);
      }
    } catch (IOException failed) {
      throw Faults.unwritable(folder, failed);
    }
  }

  private void read(Path file) {
    try {
      ParentFile entry = Json.read(Files.readString(file), ParentFile.class);
      entries.put(entry.file(), entry);
    } catch (IOException | JacksonException unreadable) {
      // It says how a file of an operator's was found: never thrown away.
      LOG.error("{} cannot be read, and is kept: {}", file, unreadable.getMessage());
    }
  }

  Optional<ParentFile> find(Path file) {
    return Optional.ofNullable(entries.get(file));
  }

  List<ParentFile> all() {
    return List.copyOf(new ArrayList<>(entries.values()));
  }

  /** Remembers it, for good when this returns. */
  void put(ParentFile entry) {
    DurableFile.write(place(entry.file()), Json.write(entry));
    entries.put(entry.file(), entry);
  }

  /** The file was given back. */
  void remove(Path file) {
    try {
      Files.deleteIfExists(place(file));
      DurableFile.syncFolder(folder);
    } catch (IOException failed) {
      throw Faults.unwritable(place(file), failed);
    }
    entries.remove(file);
  }

  private Path place(Path file) {
    byte[] digest = Digests.sha256().digest(file.toString().getBytes(StandardCharsets.UTF_8));
    return folder.resolve(HexFormat.of().formatHex(digest) + ENDING);
  }
}
