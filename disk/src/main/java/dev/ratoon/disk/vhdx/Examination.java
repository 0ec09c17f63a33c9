package dev.ratoon.disk.vhdx;

import static dev.ratoon.disk.vhdx.Structures.MIB;

import dev.ratoon.disk.Finding;
import dev.ratoon.disk.Finding.Severity;
import dev.ratoon.disk.file.ImageFile;
import dev.ratoon.model.RatoonException;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/** Says what is not as it should be in a file that can be opened. */
final class Examination {
  private static final int MOST_FINDINGS = 100;

  private final List<Finding> findings = new ArrayList<>();

  private Examination() {}

  /**
   * @param written whether it is open for writing, so that its log is in use
   */
  static List<Finding> of(VhdxParts parts, boolean written) {
    Examination examination = new Examination();
    examination.copies(parts, written);
    BitSet used = BlockAudit.walk(parts, examination::problem);
    examination.space(parts.file().stored(), used);
    return List.copyOf(examination.findings);
  }

  private void copies(VhdxParts parts, boolean written) {
    if (parts.headers().isDamaged()) {
      add(Severity.ERROR, "One of its two headers is damaged; the other one is used.");
    }
    if (parts.regions().damaged()) {
      add(Severity.ERROR, "One of the two copies of its region table is damaged.");
    }
    if (!written && parts.headers().current().hasLog()) {
      add(
          Severity.LEAK,
          "Its log holds changes that did not reach their places, as after a crash."
              + " They are read; the next writer puts them there.");
    }
  }

  private void problem(RatoonException problem) {
    add(Severity.ERROR, problem.problem().detail());
  }

  private void add(Severity severity, String what) {
    if (findings.size() < MOST_FINDINGS) {
      findings.add(new Finding(severity, what));
    } else if (findings.size() == MOST_FINDINGS) {
      findings.add(new Finding(Severity.ERROR, "There is more that is wrong."));
    }
  }

  private void space(ImageFile file, BitSet used) {
    long leaked = 0;
    long end = file.length();
    long at = file.nextData(0);
    while (at < end) {
      int unit = (int) (at / MIB);
      leaked += used.get(unit) ? 0 : 1;
      long next = (unit + 1) * MIB;
      at = next < end ? file.nextData(next) : end;
    }
    if (leaked > 0) {
      add(
          Severity.LEAK,
          leaked + " MiB of the file are used by nothing; the next writer uses them.");
    }
  }
}
