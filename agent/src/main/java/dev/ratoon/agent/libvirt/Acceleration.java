package dev.ratoon.agent.libvirt;

import dev.ratoon.agent.hypervisor.Accelerator;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.Problem;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Which accelerator an operator wants.
 *
 * <p>{@link #AUTO} believes neither the device file nor QEMU's own word for it, because there are
 * hosts on which KVM opens and guests then freeze: it boots a tiny guest once and remembers what
 * came of it, for as long as kernel, QEMU and the device stay what they are.
 */
public enum Acceleration {
  AUTO,
  KVM,
  TCG;

  private static final Logger log = LoggerFactory.getLogger(Acceleration.class);
  private static final String FILE = "acceleration";

  /** A proof that acceleration works, or that it does not. */
  interface Trial {
    /** Whether there is anything to try. */
    boolean possible();

    /** All that the outcome depends on, in one line. */
    String subject();

    boolean succeeds();
  }

  /**
   * @throws dev.ratoon.model.RatoonException {@code INVALID_VALUE} if it is none of {@code auto},
   *     {@code kvm} and {@code tcg}
   */
  public static Acceleration parse(String text) {
    for (Acceleration known : values()) {
      if (known.name().toLowerCase(Locale.ROOT).equals(text)) {
        return known;
      }
    }
    throw Problem.of(ErrorCode.INVALID_VALUE, "reading the acceleration '" + text + "'")
        .next("Write auto, kvm or tcg.")
        .asException();
  }

  /**
   * What domains shall run on. For {@link #AUTO} this may take some seconds the first time; without
   * a proof it is {@link Accelerator#TCG}.
   *
   * @param folder where the agent keeps what it knows; it must exist
   */
  public Accelerator choose(Path folder) {
    return switch (this) {
      case KVM -> Accelerator.KVM;
      case TCG -> Accelerator.TCG;
      case AUTO -> remembered(folder.resolve(FILE), new TrialBoot());
    };
  }

  /** The remembered outcome of the trial, if it was of this very host; else a new one. */
  static Accelerator remembered(Path file, Trial trial) {
    if (!trial.possible()) {
      return Accelerator.TCG;
    }
    String subject = trial.subject();
    Optional<Accelerator> known = read(file, subject);
    if (known.isPresent()) {
      return known.get();
    }
    Accelerator proven = trial.succeeds() ? Accelerator.KVM : Accelerator.TCG;
    log.info("a trial boot chose {} for {}", proven.text(), subject);
    try {
      Files.writeString(file, proven.text() + "\n" + subject + "\n");
    } catch (IOException unwritable) {
      log.warn("the outcome of the trial boot is not remembered", unwritable);
    }
    return proven;
  }

  private static Optional<Accelerator> read(Path file, String subject) {
    try {
      String kept = Files.readString(file);
      for (Accelerator accelerator : Accelerator.values()) {
        if (kept.equals(accelerator.text() + "\n" + subject + "\n")) {
          return Optional.of(accelerator);
        }
      }
    } catch (IOException none) {
      log.debug("no trial boot is remembered", none);
    }
    return Optional.empty();
  }
}
