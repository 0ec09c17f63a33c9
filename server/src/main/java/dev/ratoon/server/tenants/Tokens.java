package dev.ratoon.server.tenants;

import dev.ratoon.protocol.Permission;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.News;
import dev.ratoon.server.store.TokenTable.Token;
import dev.ratoon.server.tls.PrivateFile;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.time.Instant;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;

/**
 * The tokens by which callers are known. A token is 256 random bits; the database holds only its
 * SHA-256, which needs neither salt nor stretching since nobody can guess that many bits.
 */
public final class Tokens {
  public static final String DEFAULT_TENANT = "default";
  private static final String ADMIN = "admin";
  private static final int TOKEN_BYTES = 32;

  private volatile List<Known> known;

  @SuppressWarnings("ArrayRecordComponent") // never compared but in constant time
  private record Known(byte[] sha256, Caller caller) {
    static Known of(Token token) {
      return new Known(
          HexFormat.of().parseHex(token.sha256()),
          new Caller(token.tenant(), token.name(), token.permissions()));
    }
  }

  private Tokens(List<Known> known) {
    this.known = known;
  }

  /**
   * Reads the tokens, after making sure that there is an administrator's: when {@code adminFile} is
   * missing a new one is written there, and the one before is no longer valid. On a database of
   * several servers each has its own, which is valid on all of them.
   */
  public static Tokens open(Database database, Path adminFile, Instant now) throws IOException {
    Optional<String> fresh = Files.exists(adminFile) ? Optional.empty() : Optional.of(newToken());
    if (fresh.isPresent()) {
      PrivateFile.write(adminFile, fresh.get() + "\n");
    }
    String admin = Files.readString(adminFile).strip();
    List<Token> tokens =
        database.write(tx -> {
          tx.fleet().addTenant(DEFAULT_TENANT, now);
          String sha256 = HexFormat.of().formatHex(sha256(admin));
          tx.tokens()
              .put(
                  new Token(
                      DEFAULT_TENANT,
                      tx.shared() ? ADMIN + " " + sha256.substring(0, 8) : ADMIN,
                      sha256,
                      EnumSet.complementOf(EnumSet.of(Permission.AGENT))),
                  now);
          tx.tell(new News.Tokens());
          return tx.tokens().all();
        });
    return new Tokens(tokens.stream().map(Known::of).toList());
  }

  /** Takes up the tokens as they are in the database now. */
  public void learn(Database database) {
    known = database.<List<Token>>read(tx -> tx.tokens().all()).stream().map(Known::of).toList();
  }

  /** Whose token this is. Takes as long for a wrong one as for a right one. */
  public Optional<Caller> caller(String token) {
    byte[] sha256 = sha256(token);
    Optional<Caller> found = Optional.empty();
    for (Known each : known) {
      if (MessageDigest.isEqual(each.sha256(), sha256)) {
        found = Optional.of(each.caller());
      }
    }
    return found;
  }

  private static String newToken() {
    byte[] bits = new byte[TOKEN_BYTES];
    new SecureRandom().nextBytes(bits);
    return HexFormat.of().formatHex(bits);
  }

  private static byte[] sha256(String text) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
