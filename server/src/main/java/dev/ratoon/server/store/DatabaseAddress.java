package dev.ratoon.server.store;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/** Where a server's database is. */
public sealed interface DatabaseAddress {
  /** The environment's word for {@code --database}. */
  String VARIABLE = "RATOON_DATABASE";

  /** SQLite in a file, for one server. */
  record File(Path path) implements DatabaseAddress {
    @Override
    public String toString() {
      return path.toString();
    }
  }

  /**
   * PostgreSQL, for any number of servers.
   *
   * @param url without a password
   */
  record Shared(String url, Optional<String> user, Optional<String> password)
      implements DatabaseAddress {
    @Override
    public String toString() {
      return url;
    }
  }

  /**
   * Reads an address: {@code jdbc:postgresql://HOST/NAME}, or a file.
   *
   * @param environment may hold {@code RATOON_DATABASE_USER}, and the password in {@code
   *     RATOON_DATABASE_PASSWORD} or in the file that {@code RATOON_DATABASE_PASSWORD_FILE} names
   * @throws RatoonException {@link ErrorCode#INVALID_VALUE}, also for a password in the address:
   *     that would be seen in lists of processes
   */
  static DatabaseAddress parse(String text, Map<String, String> environment) {
    if (text.startsWith("postgresql://") || text.startsWith("postgres://")) {
      return parse("jdbc:postgresql" + text.substring(text.indexOf(':')), environment);
    }
    if (!text.startsWith("jdbc:postgresql:")) {
      if (text.isEmpty() || text.startsWith("jdbc:")) {
        throw invalid(text, "It is neither PostgreSQL nor a file.");
      }
      return new File(Path.of(text).toAbsolutePath().normalize());
    }
    boolean secret =
        text.toLowerCase(Locale.ROOT).contains("password=")
            || text.replaceAll("^jdbc:postgresql://", "").replaceAll("/.*", "").contains("@");
    if (secret) {
      throw invalid(
          text.replaceAll("[?].*", "?...").replaceAll("//.*@", "//...@"),
          "Users and passwords do not belong into it: others would see them.");
    }
    return new Shared(
        text,
        Optional.ofNullable(environment.get(VARIABLE + "_USER")),
        password(environment).filter(given -> !given.isEmpty()));
  }

  private static Optional<String> password(Map<String, String> environment) {
    String file = environment.getOrDefault(VARIABLE + "_PASSWORD_FILE", "");
    if (file.isEmpty()) {
      return Optional.ofNullable(environment.get(VARIABLE + "_PASSWORD"));
    }
    try {
      return Optional.of(Files.readString(Path.of(file)).strip());
    } catch (IOException unreadable) {
      throw Problem.of(ErrorCode.FILE_UNREADABLE, "reading the database's password")
          .detail("'" + file + "' cannot be read (" + unreadable.getMessage() + ").")
          .next("Check RATOON_DATABASE_PASSWORD_FILE.")
          .asException(unreadable);
    }
  }

  private static RatoonException invalid(String text, String why) {
    return Problem.of(ErrorCode.INVALID_VALUE, "reading the database's address '" + text + "'")
        .detail(why)
        .next(
            "Write jdbc:postgresql://HOST/NAME; the user is RATOON_DATABASE_USER, the password"
                + " RATOON_DATABASE_PASSWORD_FILE (a file) or RATOON_DATABASE_PASSWORD.")
        .asException();
  }
}
