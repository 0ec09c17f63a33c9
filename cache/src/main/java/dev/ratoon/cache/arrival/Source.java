package dev.ratoon.cache.arrival;

import dev.ratoon.model.DiskId;

/**
 * A place that has base disks, or parts of them: another host, a share, the library. It may be
 * slow, dead, or lie; nothing it says is believed but what can be verified.
 */
public interface Source {

  /** What a source is, which decides what it is asked for. */
  enum Kind {
    /** A host whose cache has all of the base. */
    READY_PEER,
    /** A host in whose cache the base is arriving too: it has more of it by and by. */
    ARRIVING_PEER,
    /** A network share that this host reads. */
    SHARE,
    /** Where images are kept for all. It is asked only for what nobody else has. */
    LIBRARY;

    /** Whether it is to be spared. */
    boolean isLibrary() {
      return this == LIBRARY;
    }
  }

  /**
   * What it is called, on every host alike: the name of an arriving peer is the one under which it
   * takes part in arrivals itself, see {@link ArrivalSettings#self}.
   */
  String name();

  Kind kind();

  /**
   * Begins to deliver a base. Returns at once; whether and what it has is told to {@code listener},
   * from any thread. Called again, some time after the feed has failed or was closed.
   */
  Feed open(DiskId base, FeedListener listener);
}
