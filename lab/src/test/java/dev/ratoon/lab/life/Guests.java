package dev.ratoon.lab.life;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is done in guests: marks are files of known content that are written and removed from
 * outside. Beside that a writer runs in each guest all the time: files of random bytes, each whole
 * on the disk before it gets a name with its round and its own checksum. So at any moment a disk
 * holds what was named until then, and all that has a name is right.
 */
final class Guests {
  private static final String WRITER =
      "[ -e /run/w ] || { touch /run/w; mkdir -p /w /m;"
          + " (n=$(ls /w | cut -d. -f1 | sort -n | tail -n 1); n=${n:-0}; while :; do n=$((n+1));"
          + " dd if=/dev/urandom of=/w.t bs=16k count=2 2>/dev/null; sync;"
          + " mv /w.t /w/$n.$(sha256sum </w.t | cut -c1-64); rm -f /w/$((n-8)).*; sleep 0.3;"
          + " done) & }; ";
  private static final String LOOK =
      "sync; for f in /w/*.*; do s=$(sha256sum <$f 2>/dev/null | cut -c1-64); case $f in *.$s) ;;"
          + " *) [ -e \"$f\" ] && echo wrong $f;; esac; done;"
          + " echo rounds $(ls /w | cut -d. -f1 | sort -n | tail -n 1); cd /m;"
          + " for f in *; do [ -e $f ] && echo mark $f $(sha256sum <$f | cut -c1-64); done; cd /";
  private static final Pattern ROUNDS = Pattern.compile("rounds ?(\\d*)");
  private static final Pattern MARK = Pattern.compile("mark (\\d+) ([0-9a-f]{64})");

  private final LifeFleet fleet;

  /** Those that were up before they moved while they ran: their new host has not seen them boot. */
  private final Set<String> movedUp = new HashSet<>();

  Guests(LifeFleet fleet) {
    this.fleet = fleet;
  }

  void write(String vm, int mark) {
    say(
        vm,
        "yes %s | head -c %d >/m/%d; sync"
            .formatted(Content.word(mark), Content.bytes(mark), mark));
  }

  void erase(String vm, int mark) {
    say(vm, "rm /m/%d; sync".formatted(mark));
  }

  /** Compares all that a running guest has on its disk; returns it with what is new. */
  Content check(String vm, Content expected) {
    String said = say(vm, LOOK);
    assertThat(said).as("files of %s that are not what they were", vm).doesNotContain("wrong ");
    Map<Integer, String> found = new TreeMap<>();
    Matcher marks = MARK.matcher(said);
    while (marks.find()) {
      found.put(Integer.parseInt(marks.group(1)), marks.group(2));
    }
    assertThat(found).as("marks of %s", vm).isEqualTo(expected.digests());
    Matcher rounds = ROUNDS.matcher(said);
    assertThat(rounds.find()).as("%s says: %s", vm, said).isTrue();
    long now = rounds.group(1).isEmpty() ? 0 : Long.parseLong(rounds.group(1));
    assertThat(now).as("rounds of %s", vm).isGreaterThanOrEqualTo(expected.rounds());
    return expected.after(now);
  }

  private void awaitUp(String vm) {
    if (!movedUp.contains(vm)) {
      fleet.control.awaitUserland(vm);
    }
  }

  /** It is about to move while it runs. */
  void moves(String vm) {
    awaitUp(vm);
    movedUp.add(vm);
  }

  /** It is about to be stopped, or started. */
  void boots(String vm) {
    movedUp.remove(vm);
  }

  private String say(String vm, String command) {
    awaitUp(vm);
    return fleet.control.guestOn(fleet.host(fleet.hostOf(vm)), vm, WRITER + "sync; " + command);
  }
}
