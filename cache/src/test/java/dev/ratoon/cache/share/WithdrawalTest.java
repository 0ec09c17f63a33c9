package dev.ratoon.cache.share;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.ratoon.cache.Base;
import dev.ratoon.cache.arrival.NanoClock;
import dev.ratoon.disk.manifest.Manifest;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.RatoonException;
import dev.ratoon.model.ShareState;
import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** How a base leaves a share, as far as one host and the files there have to do with it. */
class WithdrawalTest {
  private static final ShareTimes IMPATIENT =
      new ShareTimes(
          Duration.ofMillis(300), Duration.ofMillis(50), Duration.ofSeconds(20), Duration.ZERO);

  @TempDir Path work;
  private SharedFolder folder;
  private Share one;
  private Share two;

  @BeforeEach
  void open() throws IOException {
    folder = new SharedFolder(work);
    one = folder.host("one");
    two = folder.host("two");
    assertThat(folder.fill(one).join()).isEmpty();
    two.lookAgain();
    SharedFolder.await(() -> one.has(folder.id()) && two.has(folder.id()));
  }

  @AfterEach
  void close() {
    folder.close();
  }

  private void promise(Share share) {
    share.withhold(Set.of(folder.id()));
    assertThat(share.promise(folder.id(), Optional::empty)).isEmpty();
  }

  private static void fails(ErrorCode code, ThrowingCallable call) {
    assertThatThrownBy(call)
        .isInstanceOfSatisfying(
            RatoonException.class, e -> assertThat(e.problem().code()).isEqualTo(code));
  }

  private Path manifest() {
    return folder.root.resolve(SharePaths.manifest(folder.id()));
  }

  @Test
  void whatLeavesIsGoneWithAllThatBelongsToItAndMayComeAgain() throws IOException {
    long stored = one.bases().getFirst().storedBytes();
    promise(one);
    promise(two);

    assertThat(two.remove(folder.id())).isEqualTo(stored);

    assertThat(folder.content()).doesNotExist();
    assertThat(manifest()).doesNotExist();
    assertThat(folder.incoming()).isEmpty();
    assertThat(two.remove(folder.id())).as("doing it again does no harm").isZero();
    SharedFolder.await(() -> one.bases().isEmpty() && two.bases().isEmpty());
    assertThat(one.claim(folder.id())).isEqualTo(new Claim.Leaving());
    one.withhold(Set.of());
    assertThat(folder.fill(one).join()).isEmpty();
    assertThat(Files.mismatch(folder.content(), folder.raw)).isEqualTo(-1);
  }

  @Test
  void nothingNewBeginsOnWhatIsAboutToLeaveAndWhatStandsOnItGoesOn() {
    one.withhold(Set.of(folder.id()));

    assertThat(one.has(folder.id())).isFalse();
    assertThat(one.bases()).hasSize(1);
    assertThat(one.claim(folder.id())).isEqualTo(new Claim.Leaving());
    fails(ErrorCode.SHARE_UNAVAILABLE, () -> one.use(folder.id(), (done, total) -> {}));
    fails(ErrorCode.SHARE_UNAVAILABLE, () -> one.open(folder.id()));
    fails(
        ErrorCode.SHARE_UNAVAILABLE,
        () -> one.copyWhole(folder.id(), work.resolve("copy"), 0, (done, total) -> {}));
    Base stands = one.standOn(folder.id(), (done, total) -> {});
    assertThat(stands.path()).isEqualTo(folder.content());

    assertThat(one.promise(folder.id(), () -> Optional.of("web stands on it")))
        .hasValue("web stands on it");
    assertThat(one.standOn(folder.id(), (done, total) -> {}).path()).isEqualTo(folder.content());
    fails(ErrorCode.WRONG_STATE, () -> one.remove(folder.id()));
    assertThat(folder.content()).exists();

    assertThat(one.promise(folder.id(), Optional::empty)).isEmpty();
    fails(ErrorCode.SHARE_UNAVAILABLE, () -> one.standOn(folder.id(), (done, total) -> {}));
    one.withhold(Set.of());
    assertThat(one.has(folder.id())).isTrue();
    assertThat(one.use(folder.id(), (done, total) -> {}).path()).isEqualTo(folder.content());
    assertThat(one.promise(folder.id(), Optional::empty)).as("nobody asked for it").isPresent();
  }

  @Test
  void whatCannotBeLookedAtIsNotPromised() {
    one.withhold(Set.of(folder.id()));
    assertThatThrownBy(() ->
            one.promise(
                folder.id(),
                () -> {
                  throw new IllegalStateException("the folder cannot be read");
                }))
        .isInstanceOf(IllegalStateException.class);
    fails(ErrorCode.WRONG_STATE, () -> one.remove(folder.id()));
    assertThat(folder.content()).exists();
  }

  @Test
  void whatIsBeingWrittenStays() throws IOException {
    Files.delete(folder.content());
    one.lookAgain();
    Lease lease = folder.lease(two);
    promise(one);
    fails(ErrorCode.BUSY, () -> one.remove(folder.id()));
    two.withhold(Set.of(folder.id()));
    assertThat(two.promise(folder.id(), Optional::empty)).as("it is putting it there").isPresent();
    two.release(lease);
    assertThat(two.promise(folder.id(), Optional::empty)).isEmpty();
    assertThat(one.remove(folder.id())).isZero();
    assertThat(manifest()).doesNotExist();
  }

  @Test
  void whatIsNotRatoonsStays() throws IOException {
    promise(one);
    Files.delete(manifest());
    fails(ErrorCode.WRONG_STATE, () -> one.remove(folder.id()));
    assertThat(folder.content()).exists();
    Files.writeString(folder.root.resolve(SharePaths.MARKER), "ratoon-share 1\nanother\n");
    fails(ErrorCode.SHARE_UNAVAILABLE, () -> one.remove(folder.id()));
    assertThat(folder.content()).exists();
  }

  /** Of each of its calls one remover does not come back; another life of it does the rest. */
  @Test
  void aRemoverThatIsKilledAnywhereLeavesTheBaseWholeOrGone() throws IOException {
    boolean finished = false;
    for (int calls = 0; !finished; calls++) {
      one.withhold(Set.of());
      if (!Files.exists(folder.content())) {
        one.lookAgain();
        SharedFolder.await(() -> one.bases().isEmpty());
        assertThat(folder.fill(one).join()).isEmpty();
      }
      promise(one);
      DyingFiles dying = new DyingFiles();
      Share remover =
          folder.host(
              "remover",
              dying.over(new MountedFiles(folder.root)),
              new ShareTimes(
                  Duration.ofSeconds(20),
                  Duration.ofHours(1),
                  Duration.ofSeconds(20),
                  Duration.ZERO),
              NanoClock.system());
      promise(remover);
      dying.dieAfter(calls);
      try {
        finished = remover.remove(folder.id()) > 0 && !dying.isDead();
      } catch (RatoonException killed) {
        assertThat(killed.problem().code()).isEqualTo(ErrorCode.SHARE_UNAVAILABLE);
      }
      remover.close();
      if (Files.exists(folder.content())) {
        assertThat(Files.mismatch(folder.content(), folder.raw)).isEqualTo(-1);
        assertThat(Manifest.read(manifest())).isEqualTo(folder.manifest);
      }
      Share again = folder.host("remover");
      promise(again);
      assertThat(again.remove(folder.id())).isNotNegative();
      assertThat(folder.content()).doesNotExist();
      assertThat(manifest()).doesNotExist();
      assertThat(folder.incoming()).isEmpty();
      again.close();
    }
  }

  @Test
  void aShareThatHangsIsNotTouchedAnyMoreWhenItAnswersAndNobodyPromisesAnyLonger() {
    StallingFiles files = new StallingFiles(new MountedFiles(folder.root));
    Share remover = folder.host("remover", files, IMPATIENT);
    SharedFolder.await(() -> remover.has(folder.id()));
    promise(remover);
    files.hang(true);
    fails(ErrorCode.SHARE_UNAVAILABLE, () -> remover.remove(folder.id()));
    assertThat(remover.state()).isEqualTo(ShareState.STALLED);

    remover.withhold(Set.of());
    files.hang(false);

    SharedFolder.await(() -> remover.state() == ShareState.READY);
    assertThat(folder.content()).exists();
    assertThat(remover.use(folder.id(), (done, total) -> {}).path()).isEqualTo(folder.content());
  }

  /** As an NFS client does, which answers a look from its memory. */
  @Test
  void nothingIsMadeOnABaseThatTheFileServerDoesNotHaveAnyMore() throws IOException {
    MountedFiles real = new MountedFiles(folder.root);
    SharedFile before = real.look(SharePaths.content(folder.id())).orElseThrow();
    ShareFiles remembering =
        (ShareFiles)
            Proxy.newProxyInstance(
                ShareFiles.class.getClassLoader(),
                new Class<?>[] {ShareFiles.class},
                (proxy, method, arguments) -> {
                  if (method.getName().equals("look") && arguments[0].equals(before.name())) {
                    return Optional.of(before);
                  }
                  if (method.getName().equals("list") && arguments[0].equals("")) {
                    List<SharedFile> all = new ArrayList<>(real.list(""));
                    all.removeIf(file -> file.name().equals(before.name()));
                    all.add(before);
                    return all;
                  }
                  try {
                    return method.invoke(real, arguments);
                  } catch (InvocationTargetException failed) {
                    throw failed.getCause();
                  }
                });
    Share late = folder.host("late", remembering, SharedFolder.TIMES);
    assertThat(late.use(folder.id(), (done, total) -> {}).path()).isEqualTo(folder.content());
    assertThat(late.holds(folder.id())).isTrue();
    promise(one);

    assertThat(one.remove(folder.id())).isPositive();

    fails(ErrorCode.BASE_MISSING, () -> late.use(folder.id(), (done, total) -> {}));
    assertThat(late.holds(folder.id())).isFalse();
  }

  @Test
  void onlyARegularFileIsThere() throws IOException {
    MountedFiles files = new MountedFiles(folder.root);
    assertThat(files.ask(SharePaths.content(folder.id())))
        .isEqualTo(files.look(SharePaths.content(folder.id())))
        .isPresent();
    Files.createSymbolicLink(folder.root.resolve("link"), folder.content());
    assertThat(files.ask("link")).isEmpty();
    assertThat(files.ask("incoming")).isEmpty();
    assertThat(files.ask("nothing")).isEmpty();
  }

  @Test
  void aShareThatIsNotUsedAnyMorePromisesNothing() {
    promise(one);
    one.close();
    assertThat(one.isWithheld(folder.id())).isFalse();
    assertThat(folder.content()).exists();
  }
}
