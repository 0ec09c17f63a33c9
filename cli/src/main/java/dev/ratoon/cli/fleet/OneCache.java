package dev.ratoon.cli.fleet;

import dev.ratoon.protocol.client.Params;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Option;

/** The options that name one cache, common to commands about policies and plans. */
final class OneCache {
  @ArgGroup @Nullable Which which;

  /** One of two. */
  static final class Which {
    @Option(
        names = "--host",
        paramLabel = "HOST",
        description = "Only the cache of this host, by its name or id.")
    @Nullable String host;

    @Option(names = "--share", paramLabel = "SHARE", description = "Only this shared cache.")
    @Nullable String share;
  }

  Params params() {
    Which one = which;
    if (one == null) {
      return Params.NONE;
    }
    String host = one.host;
    String share = one.share;
    return host != null ? Params.of("host", host) : Params.of("share", share == null ? "" : share);
  }
}
