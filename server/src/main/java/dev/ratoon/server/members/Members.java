package dev.ratoon.server.members;

import dev.ratoon.model.EntityName;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.fleet.Fingerprint;
import dev.ratoon.protocol.fleet.Grant;
import dev.ratoon.protocol.fleet.JoinAnswer;
import dev.ratoon.protocol.fleet.JoinRequest;
import dev.ratoon.protocol.fleet.JoinToken;
import dev.ratoon.protocol.fleet.MoveGrant;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.JoinTokenTable.JoinTokenRow;
import dev.ratoon.server.store.MemberTable.Member;
import dev.ratoon.server.store.News;
import dev.ratoon.server.store.Transaction;
import dev.ratoon.server.tls.Certificates;
import java.security.GeneralSecurityException;
import java.security.PublicKey;
import java.security.SecureRandom;
import java.security.cert.X509Certificate;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;

/**
 * The hosts of the fleet. One joins with a token, once, and is then known by the key that it made
 * itself; a host that was removed is not let in with its certificate any more, from that moment on.
 */
public final class Members {
  private static final int SECRET_BYTES = 32;
  private static final SecureRandom RANDOM = new SecureRandom();

  private final Database database;
  private final Certificates certificates;
  private final InstantSource clock;
  private final Map<HostId, Member> members = new ConcurrentHashMap<>();

  public Members(Database database, Certificates certificates, InstantSource clock) {
    this.database = database;
    this.certificates = certificates;
    this.clock = clock;
    learnAll();
  }

  /**
   * A token with which one host may join.
   *
   * @param cluster and {@code tags}: of that host
   */
  public JoinToken newToken(Optional<EntityName> cluster, SortedSet<String> tags, Duration valid) {
    byte[] secret = new byte[SECRET_BYTES];
    RANDOM.nextBytes(secret);
    Instant now = clock.instant();
    JoinTokenRow row =
        new JoinTokenRow(sha256(secret), cluster, tags, now.plus(valid), Optional.empty());
    database.change(tx -> tx.joinTokens().add(row, now));
    return new JoinToken(secret, certificates.authoritySha256());
  }

  /**
   * Lets a host in. One that did not hear the answer may ask again, with the same token and key.
   *
   * @throws RatoonException {@link ErrorCode#FORBIDDEN} without a valid token, {@link
   *     ErrorCode#NAME_TAKEN}, {@link ErrorCode#WRONG_STATE} if it belongs to the fleet already,
   *     {@link ErrorCode#INVALID_REQUEST}
   */
  public JoinAnswer join(JoinRequest request) {
    PublicKey key = HostKeys.publicKey(request.publicKey());
    String secret = sha256(HostKeys.bytes(request.secret()));
    database.change(tx -> {
      tx.lockFleet();
      JoinTokenRow token = tx.joinTokens().find(secret).orElseThrow(() -> noToken(request));
      boolean usedByAnother = token.host().filter(host -> !host.equals(request.host())).isPresent();
      if (usedByAnother || token.expiresAt().isBefore(clock.instant())) {
        throw noToken(request);
      }
      requireNew(tx, request.host(), sha256(key.getEncoded()));
      requireFree(tx, request);
      tx.joinTokens().use(secret, request.host());
      put(
          tx,
          new Member(
              request.host(),
              request.name(),
              token.cluster(),
              token.tags(),
              false,
              Optional.of(sha256(key.getEncoded())),
              clock.instant(),
              Optional.empty(),
              Optional.empty(),
              false));
    });
    return certified(request.host(), key);
  }

  private static RatoonException noToken(JoinRequest request) {
    return Problem.of(ErrorCode.FORBIDDEN, "letting the host " + request.name() + " join")
        .detail("Its token is unknown, used by another host, or too old.")
        .next("Make a new one on the server: ratoon host token")
        .asException();
  }

  /** Nobody becomes a host that is there already by naming its id. */
  private void requireNew(Transaction tx, HostId host, String key) {
    Optional<Member> known = find(tx, host);
    boolean there =
        known.isPresent()
            ? !known.get().removed() && !known.get().keySha256().equals(Optional.of(key))
            : tx.hosts().revision(host).isPresent();
    if (there) {
      throw Problem.of(ErrorCode.WRONG_STATE, "letting the host " + host + " join")
          .detail("It belongs to the fleet already.")
          .next("To let it join anew, remove it first: ratoon host remove")
          .asException();
    }
  }

  private void requireFree(Transaction tx, JoinRequest request) {
    boolean taken =
        tx.members()
            .named(request.name())
            .filter(other -> !other.host().equals(request.host()))
            .isPresent();
    if (taken) {
      throw Problem.of(ErrorCode.NAME_TAKEN, "letting the host " + request.name() + " join")
          .detail("Another host of the fleet has this name.")
          .next("Join with another one (--name), or remove that host: ratoon host remove")
          .asException();
    }
  }

  /** A new certificate for the key that the host has shown that it has. */
  public JoinAnswer renewed(HostId host, X509Certificate shown) {
    return certified(host, shown.getPublicKey());
  }

  private JoinAnswer certified(HostId host, PublicKey key) {
    try {
      return new JoinAnswer(
          certificates.hostPem(host, key, clock.instant()), certificates.authorityPem());
    } catch (GeneralSecurityException failed) {
      throw Problem.of(ErrorCode.INTERNAL, "making a certificate for host " + host)
          .detail(String.valueOf(failed.getMessage()))
          .asException(failed);
    }
  }

  /** The server's word that a host may have a base disk, in base64. */
  public String signed(Grant grant) {
    return certificates.signed(grant);
  }

  /** The same of a grant for a migration. */
  public String signed(MoveGrant grant) {
    return certificates.signed(grant);
  }

  /** The host that shows this certificate, if it belongs to the fleet. */
  public Optional<HostId> known(X509Certificate shown) {
    return Certificates.host(shown)
        .flatMap(this::findOrLearn)
        .filter(member ->
            !member.removed()
                && member
                    .keySha256()
                    .equals(Optional.of(sha256(shown.getPublicKey().getEncoded()))))
        .map(Member::host);
  }

  /** One that has just joined through another server may call before the news of it comes. */
  private Optional<Member> findOrLearn(HostId host) {
    Optional<Member> known = find(host);
    if (known.isEmpty() && database.shared()) {
      learn(host);
      return find(host);
    }
    return known;
  }

  /** Takes up what another server has written of this host. */
  public void learn(HostId host) {
    database
        .<Optional<Member>>read(tx -> tx.members().find(host))
        .ifPresent(member -> members.put(host, member));
  }

  /** Takes up all that other servers have written. */
  public void learnAll() {
    database
        .<List<Member>>read(tx -> tx.members().all())
        .forEach(member -> members.put(member.host(), member));
  }

  private Optional<Member> find(Transaction tx, HostId host) {
    return tx.shared() ? tx.members().find(host) : find(host);
  }

  /** What is said of this host; empty for one of which nothing is. */
  public Optional<Member> find(HostId host) {
    return Optional.ofNullable(members.get(host));
  }

  /**
   * Says something else of a host.
   *
   * @param name of a host of which nothing was said before
   */
  public void change(Transaction tx, HostId host, EntityName name, UnaryOperator<Member> change) {
    Member before =
        find(tx, host)
            .orElseGet(() ->
                new Member(
                    host,
                    name,
                    Optional.empty(),
                    new TreeSet<>(),
                    false,
                    Optional.empty(),
                    clock.instant(),
                    Optional.empty(),
                    Optional.empty(),
                    false));
    put(tx, change.apply(before));
  }

  /** From now on it is not let in any more. */
  public void remove(Transaction tx, HostId host, EntityName name) {
    change(
        tx,
        host,
        name,
        m ->
            new Member(
                m.host(),
                m.name(),
                m.cluster(),
                m.tags(),
                m.maintenance(),
                m.keySha256(),
                m.joinedAt(),
                Optional.of(clock.instant()),
                m.limitBytesPerSecond(),
                m.draining()));
  }

  private void put(Transaction tx, Member member) {
    tx.members().put(member);
    tx.tell(new News.Member(member.host()));
    tx.afterCommit(() -> members.put(member.host(), member));
  }

  private static String sha256(byte[] bytes) {
    return HexFormat.of().formatHex(Fingerprint.sha256(bytes));
  }
}
