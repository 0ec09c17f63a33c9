package dev.ratoon.bench.knowing;

import dev.ratoon.bench.knowing.KnowingBenchmark.Measured;
import dev.ratoon.bench.knowing.KnowingBenchmark.Way;
import dev.ratoon.model.ByteSize;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.function.ToDoubleFunction;

/** Bars for each setting and way, on logarithmic axes: seconds at the left, bytes at the right. */
final class KnowingPlot {
  private static final int BAR = 11;
  private static final int LEGEND = 60;
  private static final int NAMES = 100;
  private static final int WIDTH = 330;
  private static final int GAP = 90;
  private static final List<Way> WAYS = List.of(Way.values());
  private static final List<String> COLOURS =
      List.of("#b8b8b8", "#7d7d7d", "#e8b04a", "#c7791e", "#2b7fb8", "#7fc4ec");

  private final List<Measured> measured;
  private final StringBuilder svg = new StringBuilder();

  KnowingPlot(List<Measured> measured) {
    this.measured = measured;
  }

  /** A quantity with the ends of its axis. */
  private record Axis(
      String name, double least, double most, ToDoubleFunction<Outcome> value, int left) {
    double width(Outcome outcome) {
      double value = Math.clamp(this.value.applyAsDouble(outcome), least, most);
      return WIDTH * Math.log(value / least) / Math.log(most / least);
    }
  }

  void write(Path file) throws IOException {
    int row = BAR * (Way.values().length + 1);
    int height = LEGEND + row * measured.size() + 10;
    int width = NAMES + 2 * WIDTH + 2 * GAP;
    line(
        "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 %d %d' width='%d' height='%d'"
            + " font-family='sans-serif' font-size='11'>",
        width, height, width, height);
    line("<rect width='%d' height='%d' fill='white'/>", width, height);
    legend();
    axis(
        new Axis("95 of 100 VMs run within (seconds)", 0.2, 200, o -> o.percentile(95), NAMES),
        row);
    axis(
        new Axis(
            "moved in 20 minutes (GiB)",
            10,
            100_000,
            o -> o.bytes() / ByteSize.GIB,
            NAMES + WIDTH + GAP),
        row);
    line("</svg>");
    Files.writeString(file, svg);
  }

  private void legend() {
    int x = 10;
    for (Way way : WAYS) {
      line(
          "<rect x='%d' y='8' width='10' height='10' fill='%s'/><text x='%d' y='17'>%s</text>",
          x, COLOURS.get(WAYS.indexOf(way)), x + 14, way.words);
      x += 40 + way.words.length() * 6;
    }
  }

  private void axis(Axis axis, int row) {
    line("<text x='%d' y='48' font-weight='bold'>%s</text>", axis.left(), axis.name());
    for (int s = 0; s < measured.size(); s++) {
      int top = LEGEND + s * row;
      if (axis.left() == NAMES) {
        line("<text x='8' y='%d'>%s</text>", top + row / 2, measured.get(s).setting().name());
      }
      for (Way way : WAYS) {
        Outcome outcome = measured.get(s).of(way);
        int y = top + WAYS.indexOf(way) * BAR;
        double width = axis.width(outcome);
        double value = axis.value().applyAsDouble(outcome);
        line(
            "<rect x='%d' y='%d' width='%.1f' height='%d' fill='%s'/>",
            axis.left(), y, width, BAR - 2, COLOURS.get(WAYS.indexOf(way)));
        line(
            "<text x='%.1f' y='%d' font-size='9'>%s</text>",
            axis.left() + width + 4,
            y + BAR - 3,
            String.format(Locale.ROOT, value < 10 ? "%.1f" : "%,.0f", value));
      }
    }
  }

  @SuppressWarnings("AnnotateFormatMethod") // its annotation would be a library more
  private void line(String format, Object... values) {
    svg.append(String.format(Locale.ROOT, format, values)).append('\n');
  }
}
