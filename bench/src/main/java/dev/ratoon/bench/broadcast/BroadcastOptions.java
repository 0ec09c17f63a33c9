package dev.ratoon.bench.broadcast;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What is measured.
 *
 * @param rounds how often; each round tries all ways in turn
 * @param mebibytes size of the base
 * @param fleets how many hosts, with what links
 * @param only the ways whose names contain one of these words; all if there is none. The plain copy
 *     is always among them
 */
record BroadcastOptions(int rounds, int mebibytes, List<Fleet> fleets, List<String> only) {
  static final String USAGE =
      """
      bench/run broadcast [OPTION...]
        --rounds N         how often each way is tried (3)
        --mib N            size of the base (512)
        --fleet N:MEGABITS so many receivers with such links, may be given again (4:400 and 8:200)
        --only WORD        ways whose names contain the word, may be given again (all)
      Needs root, and in BENCH_FOLDER or the folder for temporary files 35 GB for what is usual.\
      """;

  private static final Pattern FLEET = Pattern.compile("([1-9][0-9]?):([1-9][0-9]{0,4})");

  /** So many receivers, and what each link carries in each direction. */
  record Fleet(int receivers, int megabits) {}

  static BroadcastOptions parse(List<String> words) {
    int rounds = 3;
    int mebibytes = 512;
    List<Fleet> fleets = new ArrayList<>();
    List<String> only = new ArrayList<>();
    if (words.size() % 2 != 0) {
      throw new IllegalArgumentException("An option lacks its value.");
    }
    for (int i = 0; i < words.size(); i += 2) {
      String value = words.get(i + 1);
      switch (words.get(i)) {
        case "--rounds" -> rounds = number(value);
        case "--mib" -> mebibytes = number(value);
        case "--fleet" -> fleets.add(fleet(value));
        case "--only" -> only.add(value);
        default -> throw new IllegalArgumentException("There is no option " + words.get(i) + ".");
      }
    }
    List<Fleet> chosen =
        fleets.isEmpty() ? List.of(new Fleet(4, 400), new Fleet(8, 200)) : List.copyOf(fleets);
    return new BroadcastOptions(rounds, mebibytes, chosen, List.copyOf(only));
  }

  private static int number(String text) {
    if (!text.matches("[1-9][0-9]{0,5}")) {
      throw new IllegalArgumentException("'" + text + "' is no number above 0.");
    }
    return Integer.parseInt(text);
  }

  private static Fleet fleet(String text) {
    Matcher parts = FLEET.matcher(text);
    if (!parts.matches()) {
      throw new IllegalArgumentException("'" + text + "' is not as 4:400.");
    }
    return new Fleet(Integer.parseInt(parts.group(1)), Integer.parseInt(parts.group(2)));
  }

  boolean wants(String way) {
    return only.isEmpty() || only.stream().anyMatch(way::contains);
  }
}
