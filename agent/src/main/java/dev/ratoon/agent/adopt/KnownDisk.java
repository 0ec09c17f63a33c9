package dev.ratoon.agent.adopt;

import dev.ratoon.agent.adopt.ChainFiles.Member;
import dev.ratoon.cache.Base;
import dev.ratoon.disk.FileStamp;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * A disk whose content was read, and what its files were then.
 *
 * @param chain its files, its own first
 * @param stamps of those files, in that order
 * @param parent whether it is a parent where it lies
 */
record KnownDisk(Base base, List<Member> chain, List<FileStamp> stamps, boolean parent) {
  KnownDisk {
    chain = List.copyOf(chain);
    stamps = List.copyOf(stamps);
  }

  Path file() {
    return base.path();
  }

  /** What is no longer as it was when it was read, in words; empty if all is. */
  Optional<String> change() {
    for (int i = 0; i < chain.size(); i++) {
      Path file = chain.get(i).file();
      Optional<FileStamp> now = Stamps.of(file);
      if (now.isEmpty()) {
        return Optional.of(file + " is gone.");
      }
      if (!now.get().equals(stamps.get(i))) {
        return Optional.of(file + " was changed.");
      }
    }
    return Optional.empty();
  }
}
