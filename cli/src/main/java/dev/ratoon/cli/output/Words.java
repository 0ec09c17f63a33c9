package dev.ratoon.cli.output;

import dev.ratoon.model.ByteSize;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Collectors;

/** Values as people read and write them. */
public final class Words {
  private static final String NOTHING = "-";

  private Words() {}

  /** An enum constant as it stands in API and command line: {@code on-failure}. */
  public static String of(Enum<?> constant) {
    return constant.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  /**
   * The constant of this word.
   *
   * @throws dev.ratoon.model.RatoonException {@link ErrorCode#INVALID_VALUE} if there is none
   */
  public static <E extends Enum<E>> E parse(Class<E> type, String what, String text) {
    for (E constant : type.getEnumConstants()) {
      if (of(constant).equals(text)) {
        return constant;
      }
    }
    throw Problem.of(ErrorCode.INVALID_VALUE, "reading the " + what + " '" + text + "'")
        .next(
            "Write "
                + Arrays.stream(type.getEnumConstants())
                    .map(Words::of)
                    .collect(Collectors.joining(" or "))
                + ".")
        .asException();
  }

  /** {@code true} for on, {@code false} for off. */
  public static boolean onOff(String what, String text) {
    return switch (text) {
      case "on", "true", "yes" -> true;
      case "off", "false", "no" -> false;
      default ->
          throw Problem.of(ErrorCode.INVALID_VALUE, "reading " + what + " '" + text + "'")
              .next("Write on or off.")
              .asException();
    };
  }

  public static String orDash(Optional<?> value) {
    return value.map(Object::toString).orElse(NOTHING);
  }

  public static String size(long bytes) {
    return ByteSize.show(bytes);
  }

  /** How long something took: {@code 310 ms}, {@code 2.4 s}, {@code 3 min 5 s}. */
  public static String took(Duration time) {
    long millis = time.toMillis();
    if (millis < 1000) {
      return millis + " ms";
    }
    return millis < 60_000
        ? String.format(Locale.ROOT, "%.1f s", millis / 1000.0)
        : millis / 60_000 + " min " + millis % 60_000 / 1000 + " s";
  }

  public static String millis(Optional<Long> millis) {
    return millis.map(m -> took(Duration.ofMillis(m))).orElse(NOTHING);
  }

  /** How long ago something was, in its one largest unit: {@code 42s}, {@code 3h}, {@code 9d}. */
  public static String age(Duration since) {
    long seconds = Math.max(0, since.toSeconds());
    if (seconds < 120) {
      return seconds + "s";
    }
    if (seconds < 2 * 3600) {
      return seconds / 60 + "m";
    }
    return seconds < 48 * 3600 ? seconds / 3600 + "h" : seconds / 86_400 + "d";
  }

  /** Of five, in halves: {@code ★★★½}. */
  public static String stars(double stars) {
    int halves = (int) Math.round(stars * 2);
    return halves == 0 ? NOTHING : "★".repeat(halves / 2) + (halves % 2 == 1 ? "½" : "");
  }

  public static String count(int count, String one, String many) {
    return count + " " + (count == 1 ? one : many);
  }

  /** Some names, or how many there are when they are too many to read. */
  public static String names(List<?> names, int most) {
    if (names.isEmpty()) {
      return NOTHING;
    }
    String shown =
        names.stream().limit(most).map(Object::toString).collect(Collectors.joining(", "));
    return names.size() <= most ? shown : shown + ", and " + (names.size() - most) + " more";
  }
}
