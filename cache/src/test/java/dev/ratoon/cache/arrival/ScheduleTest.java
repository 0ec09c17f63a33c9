package dev.ratoon.cache.arrival;

import static dev.ratoon.cache.arrival.Source.Kind.ARRIVING_PEER;
import static dev.ratoon.cache.arrival.Source.Kind.LIBRARY;
import static dev.ratoon.cache.arrival.Source.Kind.READY_PEER;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  private static final long CHUNKS = 4096;
  private static final long SECOND = 1_000_000_000L;
  private static final int BYTES = 1 << 16;

  private final Schedule schedule = schedule("self");

  private static Schedule schedule(String self) {
    Schedule schedule = new Schedule(CHUNKS, self, new Random(1));
    for (long chunk = 0; chunk < CHUNKS; chunk++) {
      schedule.want(chunk);
    }
    return schedule;
  }

  private SourceTrack complete(String name, Source.Kind kind) {
    SourceTrack track = schedule.add(name, kind, 0);
    schedule.hasAll(track);
    return track;
  }

  /** Lets a source answer everything at once, so many chunks. */
  private List<Long> take(SourceTrack track, int count, long now) {
    List<Long> chunks = new ArrayList<>();
    while (chunks.size() < count) {
      Optional<Schedule.Asked> asked = schedule.next(track, now);
      if (asked.isEmpty()) {
        break;
      }
      long chunk = asked.get().chunk();
      assertThat(schedule.arrived(track, chunk, BYTES, now + 1000)).isPresent();
      chunks.add(chunk);
    }
    return chunks;
  }

  @Test
  void oneSourceIsAskedForEachChunkOnceInOrder() {
    List<Long> chunks = take(complete("library", LIBRARY), Integer.MAX_VALUE, 0);

    assertThat(chunks).hasSize((int) CHUNKS).doesNotHaveDuplicates();
    long jumps = 0;
    for (int i = 1; i < chunks.size(); i++) {
      jumps += chunks.get(i) == chunks.get(i - 1) + 1 ? 0 : 1;
    }
    assertThat(jumps).isLessThanOrEqualTo(1);
  }

  @Test
  void theLibraryIsNotAskedForWhatAnArrivingPeerHas() {
    SourceTrack library = complete("library", LIBRARY);
    SourceTrack peer = schedule.add("peer", ARRIVING_PEER, 0);
    for (long chunk = 0; chunk < CHUNKS; chunk += 2) {
      schedule.has(peer, chunk);
    }

    assertThat(take(library, Integer.MAX_VALUE, 0)).allMatch(chunk -> chunk % 2 == 1);
    assertThat(take(peer, Integer.MAX_VALUE, 0)).hasSize((int) CHUNKS / 2);
  }

  @Test
  void aPeerThatIsAboutToBeginKeepsItsPartOfWhatTheLibraryHas() {
    SourceTrack library = complete("library", LIBRARY);
    schedule.removeBeginner(schedule.add("peer", ARRIVING_PEER, 0));
    List<Long> ours = take(library, (int) CHUNKS / 4, 0);

    Schedule peer = schedule("peer");
    SourceTrack libraryOfPeer = peer.add("library", LIBRARY, 0);
    peer.hasAll(libraryOfPeer);
    peer.add("self", ARRIVING_PEER, 0);
    for (int i = 0; i < CHUNKS / 4; i++) {
      long chunk = peer.next(libraryOfPeer, 0).orElseThrow().chunk();
      assertThat(peer.arrived(libraryOfPeer, chunk, BYTES, 1000)).isPresent();
      assertThat(ours).doesNotContain(chunk);
    }
  }

  @Test
  void theLibraryHelpsWhenOthersDeliverNextToNothing() {
    SourceTrack library = complete("library", LIBRARY);
    complete("peer", READY_PEER);
    assertThat(schedule.next(library, 0)).isEmpty();

    for (long now = 0; now < 5 * SECOND; now += SECOND / 10) {
      schedule.tick(now);
    }
    assertThat(schedule.next(library, 5 * SECOND)).isPresent();
  }

  @Test
  void whatFewHaveIsAskedForFirst() {
    SourceTrack one = schedule.add("one", ARRIVING_PEER, 0);
    SourceTrack two = schedule.add("two", ARRIVING_PEER, 0);
    for (long chunk = 0; chunk < 32; chunk++) {
      schedule.has(one, chunk);
      if (chunk != 17) {
        schedule.has(two, chunk);
      }
    }

    assertThat(schedule.next(one, 0)).hasValue(new Schedule.Asked(17, false));
  }

  @Test
  void whatIsLongInComingIsAskedOfASecondSource() {
    SourceTrack slow = complete("slow", READY_PEER);
    SourceTrack other = schedule.add("other", READY_PEER, 0);
    long chunk = schedule.next(slow, 0).orElseThrow().chunk();
    schedule.hasAll(other);
    take(other, Integer.MAX_VALUE, 1);

    assertThat(schedule.next(other, 100_000_000)).isEmpty();
    assertThat(schedule.next(other, SECOND)).hasValue(new Schedule.Asked(chunk, false));
    assertThat(schedule.arrived(other, chunk, BYTES, SECOND + 1)).hasValue(List.of(slow));
    assertThat(schedule.arrived(slow, chunk, BYTES, SECOND + 2)).isEmpty();
    assertThat(schedule.underWay()).isZero();
  }

  @Test
  void whatALostSourceWasAskedForIsWantedAgain() {
    SourceTrack lost = complete("lost", READY_PEER);
    Set<Long> asked = new HashSet<>();
    Stream.generate(() -> schedule.next(lost, 0))
        .takeWhile(Optional::isPresent)
        .forEach(next -> asked.add(next.get().chunk()));
    schedule.remove(lost);

    assertThat(schedule.underWay()).isZero();
    assertThat(schedule.wanted()).isEqualTo(CHUNKS);
    assertThat(take(complete("other", READY_PEER), Integer.MAX_VALUE, 0)).containsAll(asked);
  }

  @Test
  void whatTheLibraryHasJustGivenToAPeerIsTakenFromThatPeer() {
    SourceTrack library = complete("library", LIBRARY);
    SourceTrack peer = schedule.add("peer", ARRIVING_PEER, 0);
    Schedule.Asked asked = schedule.next(library, 0).orElseThrow();
    assertThat(asked.sparing()).isTrue();

    schedule.elsewhere(library, asked.chunk(), 1000);
    assertThat(schedule.underWay()).isZero();
    assertThat(schedule.next(peer, 2000)).isEmpty();
    assertThat(take(library, Integer.MAX_VALUE, 2000)).doesNotContain(asked.chunk());

    schedule.has(peer, asked.chunk());
    assertThat(schedule.next(peer, 3000)).hasValue(new Schedule.Asked(asked.chunk(), false));
  }

  @Test
  void whatAPeerThatWasGivenItDoesNotComeToHaveIsAskedForOnceMoreAndThenGiven() {
    SourceTrack library = complete("library", LIBRARY);
    SourceTrack _ = schedule.add("peer", ARRIVING_PEER, 0);
    long chunk = schedule.next(library, 0).orElseThrow().chunk();
    schedule.elsewhere(library, chunk, 0);
    take(library, Integer.MAX_VALUE, 0);
    schedule.tick(ChunksElsewhere.PATIENCE_NANOS - 1);
    assertThat(schedule.next(library, ChunksElsewhere.PATIENCE_NANOS - 1)).isEmpty();

    schedule.tick(ChunksElsewhere.PATIENCE_NANOS);
    assertThat(schedule.next(library, ChunksElsewhere.PATIENCE_NANOS))
        .hasValue(new Schedule.Asked(chunk, false));
  }

  @Test
  void whatAPeerHasThatIsBusyIsAskedOfAReadyOneInEarnest() {
    SourceTrack ready = complete("ready", READY_PEER);
    SourceTrack peer = schedule.add("peer", ARRIVING_PEER, 0);
    for (long chunk = 0; chunk < CHUNKS; chunk++) {
      schedule.has(peer, chunk);
    }

    assertThat(schedule.next(ready, 0).orElseThrow().sparing()).isFalse();
  }

  @Test
  void whatAPeerSaysThatItHasBeforeTheSourceSaysSoIsWantedAgain() {
    SourceTrack library = complete("library", LIBRARY);
    SourceTrack peer = schedule.add("peer", ARRIVING_PEER, 0);
    long chunk = schedule.next(library, 0).orElseThrow().chunk();
    schedule.has(peer, chunk);
    schedule.elsewhere(library, chunk, 1000);

    assertThat(schedule.next(peer, 2000)).hasValue(new Schedule.Asked(chunk, false));
  }

  @Test
  void aSourceThatOnlySendsElsewhereIsNotSparedForLong() {
    SourceTrack library = complete("library", LIBRARY);
    SourceTrack _ = schedule.add("peer", ARRIVING_PEER, 0);
    int times = 0;
    for (Schedule.Asked asked = schedule.next(library, 0).orElseThrow();
        asked.sparing();
        asked = schedule.next(library, 0).orElseThrow()) {
      schedule.elsewhere(library, asked.chunk(), 0);
      times++;
    }

    assertThat(times).isEqualTo(2 * SourceTrack.MOST);
  }

  @Test
  void aHostThatKnowsNoOtherSparesNobody() {
    SourceTrack library = complete("library", LIBRARY);

    assertThat(schedule.next(library, 0))
        .hasValueSatisfying(asked -> assertThat(asked.sparing()).isFalse());
  }

  @Test
  void hostsThatKnowEachOtherShareTheChunksOutEvenly() {
    List<String> names = List.of("a", "b", "c", "d", "e");
    Bits all = new Bits(CHUNKS);
    for (String name : names) {
      Slices slices = new Slices(CHUNKS, name);
      slices.share(names.stream().filter(other -> !other.equals(name)).toList());
      Bits mine = mine(slices);
      for (long c = mine.next(0); c < CHUNKS; c = mine.next(c + 1)) {
        assertThat(all.get(c)).isFalse();
        assertThat(slices.rank(c)).isZero();
        all.set(c);
      }
      assertThat(mine.count()).isBetween(CHUNKS / 5 - 20, CHUNKS / 5 + 20);
    }
    assertThat(all.count()).isEqualTo(CHUNKS);
  }

  private static Bits mine(Slices slices) {
    Bits mine = new Bits(CHUNKS);
    for (long c = 0; c < CHUNKS; c++) {
      if ((slices.mine((int) (c >>> 6)) >>> c & 1) != 0) {
        mine.set(c);
      }
    }
    return mine;
  }

  @Test
  void whenAHostGoesMostKeepWhatTheyHad() {
    Slices slices = new Slices(CHUNKS, "a");
    slices.share(List.of("b", "c", "d"));
    Bits before = mine(slices);
    slices.share(List.of("b", "c"));

    long kept = 0;
    for (long c = before.next(0); c < CHUNKS; c = before.next(c + 1)) {
      kept += mine(slices).get(c) ? 1 : 0;
    }
    assertThat(kept).isGreaterThan(before.count() * 9 / 10);
  }

  @Test
  void whoIsMuchSlowerIsLaggingUnlessItAloneHasSomething() {
    SourceTrack slow = complete("slow", READY_PEER);
    SourceTrack fast = schedule.add("fast", READY_PEER, 0);
    for (int i = 0; i < 3; i++) {
      long chunk = schedule.next(slow, 0).orElseThrow().chunk();
      assertThat(schedule.arrived(slow, chunk, BYTES, 3 * SECOND)).isPresent();
    }
    schedule.has(fast, 0);
    schedule.has(fast, 1);
    take(fast, 2, 0);
    assertThat(SourceHealth.lagging(schedule.tracks())).isEmpty();

    schedule.hasAll(fast);
    assertThat(SourceHealth.lagging(schedule.tracks())).containsExactly(slow);
  }

  @Test
  void moreIsAskedOfWhoIsFaster() {
    SourceTrack track = complete("peer", READY_PEER);
    assertThat(track.window()).isEqualTo(4);
    take(track, 200, 0);

    assertThat(track.window()).isEqualTo(SourceTrack.MOST);
  }
}
