package dev.ratoon.cache.arrival;

import dev.ratoon.model.DiskId;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.util.List;
import java.util.stream.Collectors;

/** What can be wrong with sources, each said in one place. */
final class SourceProblems {
  private SourceProblems() {}

  /** A source does not deliver. */
  static Problem of(DiskId base, Source source, String why) {
    return Problem.of(ErrorCode.TIMED_OUT, fetching(base, source)).detail(why);
  }

  /** A source delivers what is not the base's content. */
  static Problem wrong(DiskId base, Source source, String why) {
    return Problem.of(ErrorCode.BASE_ALTERED, fetching(base, source))
        .detail(why)
        .next("Verify that base there; it is not asked again.");
  }

  private static String fetching(DiskId base, Source source) {
    return "fetching base disk " + base.shortForm() + " from " + source.name();
  }

  /** Nothing comes from anywhere, with what each source said last. */
  static RatoonException exhausted(DiskId base, List<SourceLink> links, long nanos) {
    boolean nobody = links.stream().allMatch(SourceLink::isBanned);
    String said = links.stream().map(SourceProblems::lastWords).collect(Collectors.joining(" "));
    return Problem.of(
            nobody ? ErrorCode.BASE_MISSING : ErrorCode.TIMED_OUT,
            "bringing base disk " + base.shortForm())
        .detail(
            links.isEmpty()
                ? "Nobody is known who has it."
                : "Nothing came for %d s. %s".formatted(nanos / 1_000_000_000, said))
        .next("Look at the hosts named and the network between; what has come is kept.")
        .asException();
  }

  private static String lastWords(SourceLink link) {
    return link.source().name()
        + ": "
        + link.leftWith().map(Problem::detail).orElse("It has nothing that is needed.");
  }
}
