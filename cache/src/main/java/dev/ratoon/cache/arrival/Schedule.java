package dev.ratoon.cache.arrival;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.IntToLongFunction;
import java.util.random.RandomGenerator;

/**
 * Decides which chunk is asked of which source next. It does nothing else: no threads, no clock, no
 * files, so that whole swarms can be simulated with it.
 *
 * <p>The idea. Whoever has all of the base (library, ready peers, a share) is asked by each
 * arriving host for other chunks first, see {@link Slices}; what one of them has, the others take
 * from it, the rarest first, so that what few have does not get lost and everybody always has
 * something that others want. The library is asked for nothing that another source has. Who has
 * fetched its own slice helps with those of the others; if two come to want the same then, the
 * source gives it to the first, and tells the second that it is on its way elsewhere. At the end,
 * what was asked of one source and is long in coming is asked of a second one.
 *
 * <p>A chunk is wanted (to be asked for), or asked of one or two sources, or on its way to another
 * host, or none of these: then it has come, or need not. Memory is a few bits for each chunk and
 * source.
 */
final class Schedule {
  private static final long NONE = -1;

  /** How many candidates are looked at to find a rare one. */
  private static final int CANDIDATES = 48;

  private static final int FEWEST_STOLEN_AT_ONCE = 2;

  /** Who takes one in so many of what is left rarely takes what another has just asked for. */
  private static final int STOLEN_OF_LEFT = 64;

  private final RandomGenerator random;
  private final Bits wanted;

  /** What arriving peers have. */
  private final Bits held;

  private final Slices slices;
  private final List<SourceTrack> tracks = new ArrayList<>();

  /** Arriving peers that have nothing yet and are not asked until they have. */
  private final Set<String> beginners = new LinkedHashSet<>();

  private final AskedChunks asked = new AskedChunks();
  private final ChunksElsewhere elsewhere;
  private final LibraryHelp libraryHelp = new LibraryHelp();
  private long cursor;

  /** Grows whenever there may be something for a source that had nothing to be asked for. */
  private long state;

  /**
   * What is to be asked for now.
   *
   * @param sparing whether the source need not give what another host was just given
   */
  record Asked(long chunk, boolean sparing) {}

  Schedule(long chunks, String self, RandomGenerator random) {
    this.random = random;
    this.wanted = new Bits(chunks);
    this.held = new Bits(chunks);
    this.slices = new Slices(chunks, self);
    this.elsewhere = new ChunksElsewhere(chunks);
    // Hosts that do not know of each other yet rather fetch different things.
    this.cursor = random.nextLong(chunks);
  }

  /** The chunk has to be fetched. */
  void want(long chunk) {
    wanted.set(chunk);
    state++;
  }

  /** How many chunks are wanted and not asked for. */
  long wanted() {
    return wanted.count();
  }

  /** How many chunks were asked for and have not come. */
  int underWay() {
    return asked.count();
  }

  List<SourceTrack> tracks() {
    return tracks;
  }

  SourceTrack add(String name, Source.Kind kind, long nowNanos) {
    SourceTrack track = new SourceTrack(name, kind, wanted.chunks(), nowNanos);
    tracks.add(track);
    beginners.remove(name);
    shareOut();
    return track;
  }

  /** The source is gone; what it was asked for is wanted again. */
  void remove(SourceTrack track) {
    if (tracks.remove(track)) {
      track.asked().forEach(chunk -> failed(track, chunk));
      held.clearAll();
      arrivingPeers().forEach(peer -> held.setAll(peer.has()));
      shareOut();
    }
  }

  /**
   * The source is gone, but has its part in sharing the chunks out: it is about to begin, and knows
   * of us too.
   */
  void removeBeginner(SourceTrack track) {
    beginners.add(track.name());
    remove(track);
  }

  private void shareOut() {
    Set<String> others = new LinkedHashSet<>(beginners);
    arrivingPeers().forEach(peer -> others.add(peer.name()));
    slices.share(others);
    state++;
  }

  private List<SourceTrack> arrivingPeers() {
    return tracks.stream().filter(t -> t.kind() == Source.Kind.ARRIVING_PEER).toList();
  }

  void has(SourceTrack track, long chunk) {
    track.addHas(chunk);
    if (track.kind() == Source.Kind.ARRIVING_PEER) {
      held.set(chunk);
    }
    if (elsewhere.stopWaiting(chunk)) {
      want(chunk);
    }
  }

  void hasAll(SourceTrack track) {
    for (long chunk = 0; track.kind() == Source.Kind.ARRIVING_PEER && chunk < wanted.chunks(); ) {
      has(track, chunk++);
    }
    track.setComplete();
  }

  /** The chunk to ask of this source now; it then counts as asked. */
  Optional<Asked> next(SourceTrack track, long nowNanos) {
    if (!track.hasRoom(nowNanos)) {
      return Optional.empty();
    }
    long chunk = fresh(track, nowNanos);
    boolean sparing = chunk != NONE && mayBeElsewhere(track, chunk);
    if (chunk == NONE) {
      chunk = again(track, nowNanos);
    }
    if (chunk == NONE) {
      return Optional.empty();
    }
    wanted.clear(chunk);
    asked.add(chunk, track, nowNanos);
    return Optional.of(new Asked(chunk, sparing));
  }

  /**
   * Whether others may be asking the source for the same, and will have it for us. What one of them
   * has already is asked of the source because that one is busy.
   */
  private boolean mayBeElsewhere(SourceTrack track, long chunk) {
    return track.kind() != Source.Kind.ARRIVING_PEER
        && track.maySendElsewhere()
        && !held.get(chunk)
        && !elsewhere.wasInVain(chunk)
        && tracks.stream().anyMatch(other -> other.kind() == Source.Kind.ARRIVING_PEER);
  }

  private long fresh(SourceTrack track, long nowNanos) {
    if (wanted.count() == 0 || track.wasEmptyAt(state)) {
      return NONE;
    }
    long chunk =
        switch (track.kind()) {
          case ARRIVING_PEER -> rarest(track);
          case READY_PEER, SHARE -> ofWhoHasAll(track, nowNanos);
          case LIBRARY -> ofLibrary(track, nowNanos);
        };
    if (chunk == NONE && mayStealMore(track, nowNanos)) {
      track.setEmptyAt(state);
    }
    return chunk;
  }

  private long ofWhoHasAll(SourceTrack track, long nowNanos) {
    long chunk = own(track);
    if (chunk == NONE) {
      chunk = stolen(track, nowNanos);
    }
    return chunk == NONE ? rarest(track) : chunk;
  }

  private long ofLibrary(SourceTrack track, long nowNanos) {
    if (!libraryHelp.isNeeded() && tracks.stream().anyMatch(Schedule::sparesLibrary)) {
      return NONE;
    }
    long chunk = own(track);
    if (chunk == NONE) {
      chunk = stolen(track, nowNanos);
    }
    return chunk == NONE && libraryHelp.isNeeded() ? rarest(track) : chunk;
  }

  private static boolean sparesLibrary(SourceTrack track) {
    return !track.kind().isLibrary() && track.isComplete();
  }

  /** One of our own slice that no arriving peer has; in order, as disks like to be read. */
  private long own(SourceTrack track) {
    long chunk =
        around(cursor, i -> wanted.word(i) & track.hasWord(i) & ~held.word(i) & slices.mine(i));
    if (chunk != NONE) {
      cursor = chunk + 1;
    }
    return chunk;
  }

  /**
   * One of another host's slice: rather where we would be the next in line, and few at a time when
   * few are left, for it may be on its way there already.
   */
  private long stolen(SourceTrack track, long nowNanos) {
    if (!mayStealMore(track, nowNanos)) {
      return NONE;
    }
    long best = NONE;
    long chunk = random.nextLong(wanted.chunks());
    for (int i = 0; i < CANDIDATES; i++) {
      chunk = around(chunk, word -> wanted.word(word) & track.hasWord(word) & ~held.word(word));
      if (chunk == NONE) {
        return best;
      }
      if (best == NONE || slices.rank(chunk) < slices.rank(best)) {
        best = chunk;
      }
      chunk++;
    }
    return best;
  }

  private boolean mayStealMore(SourceTrack track, long nowNanos) {
    long most = Math.max(FEWEST_STOLEN_AT_ONCE, wanted.count() / STOLEN_OF_LEFT);
    return track.inFlight() < Math.min(most, track.helpingWindow(nowNanos));
  }

  /** One that few arriving peers have; random among equals. */
  private long rarest(SourceTrack track) {
    long best = NONE;
    int holders = Integer.MAX_VALUE;
    long start = random.nextLong(wanted.chunks());
    long chunk = start;
    for (int i = 0; i < CANDIDATES && holders > 1; i++) {
      chunk = around(chunk, word -> wanted.word(word) & track.hasWord(word));
      if (chunk == NONE) {
        return NONE;
      }
      int count = holders(chunk);
      if (count < holders) {
        holders = count;
        best = chunk;
      }
      chunk++;
    }
    return best;
  }

  private int holders(long chunk) {
    int count = 0;
    for (SourceTrack track : tracks) {
      count += track.kind() == Source.Kind.ARRIVING_PEER && track.has(chunk) ? 1 : 0;
    }
    return count;
  }

  /** The first candidate at or after {@code from}, or else the first of all. */
  private long around(long from, IntToLongFunction candidates) {
    int words = wanted.words();
    int start = (int) (from >>> 6) % words;
    long first = candidates.applyAsLong(start) & -1L << from;
    if (first != 0) {
      return chunk(start, first);
    }
    long behind = firstOf(start + 1, words, candidates);
    return behind == NONE ? firstOf(0, Math.min(start + 1, words), candidates) : behind;
  }

  private long firstOf(int from, int to, IntToLongFunction candidates) {
    for (int word = wanted.nextFilled(from); word < to; word = wanted.nextFilled(word + 1)) {
      long bits = candidates.applyAsLong(word);
      if (bits != 0) {
        return chunk(word, bits);
      }
    }
    return NONE;
  }

  private static long chunk(int word, long bits) {
    return ((long) word << 6) + Long.numberOfTrailingZeros(bits);
  }

  /** One that another source was asked for, and that is longer in coming than it should be. */
  private long again(SourceTrack track, long nowNanos) {
    boolean spared = track.kind().isLibrary() && wanted.count() > 0;
    return spared ? NONE : asked.overdue(track, nowNanos).orElse(NONE);
  }

  /**
   * A chunk came from a source.
   *
   * @return who else was asked for it, and need not answer any more; empty if nobody waits for it
   */
  Optional<List<SourceTrack>> arrived(SourceTrack track, long chunk, int bytes, long nowNanos) {
    return asked.arrived(track, chunk, bytes, nowNanos);
  }

  /** A source need not deliver a chunk, as another host was just given it. */
  void elsewhere(SourceTrack track, long chunk, long nowNanos) {
    track.sentElsewhere(nowNanos);
    if (asked.failed(track, chunk)) {
      if (held.get(chunk)) {
        want(chunk);
      } else {
        elsewhere.add(chunk, nowNanos);
      }
    }
  }

  /** A source does not deliver a chunk that it was asked for. */
  void failed(SourceTrack track, long chunk) {
    if (asked.failed(track, chunk)) {
      want(chunk);
    }
  }

  /** To be called a few times a second. */
  void tick(long nowNanos) {
    elsewhere.overdue(nowNanos).forEach(this::want);
    if (libraryHelp.tick(tracks, nowNanos)) {
      state++;
    }
  }
}
