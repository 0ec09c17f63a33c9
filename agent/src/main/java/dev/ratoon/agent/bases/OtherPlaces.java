package dev.ratoon.agent.bases;

import dev.ratoon.cache.BaseContent;
import dev.ratoon.cache.arrival.Source;
import dev.ratoon.model.DiskId;
import java.util.List;
import java.util.Optional;

/** Where a host finds bases besides its own cache and other hosts. */
public interface OtherPlaces {
  /** None. */
  OtherPlaces NONE =
      new OtherPlaces() {
        @Override
        public List<Source> sources(DiskId id) {
          return List.of();
        }

        @Override
        public Optional<BaseContent> open(DiskId id) {
          return Optional.empty();
        }
      };

  /** From where this host may bring a base. */
  List<Source> sources(DiskId id);

  /** A base that this host can give to others without having it itself. */
  Optional<BaseContent> open(DiskId id);
}
