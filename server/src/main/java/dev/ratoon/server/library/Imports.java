package dev.ratoon.server.library;

import dev.ratoon.cache.Cache;
import dev.ratoon.cache.Imported;
import dev.ratoon.cache.Upload;
import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.OperationId;
import dev.ratoon.model.OperationKind;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.api.OperationView;
import dev.ratoon.server.operations.Operations;
import dev.ratoon.server.operations.Subject;
import dev.ratoon.server.store.Database;
import dev.ratoon.server.store.ImageTable.ImageRow;
import dev.ratoon.server.store.OperationTable.OperationRow;
import dev.ratoon.server.store.Transaction;
import java.io.IOException;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Optional;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Imports: an upload is received into the cache's folder for incoming files, then made a base disk
 * of, then gets its name. One operation stands for all of it.
 */
public final class Imports implements AutoCloseable {
  private static final Logger LOG = LoggerFactory.getLogger(Imports.class);
  private static final int MAX_UPLOADS = 8;
  private static final int MAX_AT_ONCE = 2;
  private static final Duration PATIENCE_AT_CLOSE = Duration.ofSeconds(5);

  private final Database database;
  private final Operations operations;
  private final Cache cache;
  private final Kinship kinship;
  private final InstantSource clock;
  private final Semaphore uploads = new Semaphore(MAX_UPLOADS);
  private final ExecutorService importing =
      Executors.newFixedThreadPool(MAX_AT_ONCE, Thread.ofPlatform().name("import-", 0).factory());

  public Imports(
      Database database, Operations operations, Cache cache, Kinship kinship, InstantSource clock) {
    this.kinship = kinship;
    this.database = database;
    this.operations = operations;
    this.cache = cache;
    this.clock = clock;
  }

  /**
   * Receives the upload; returns once it has arrived, while the import goes on.
   *
   * @throws RatoonException {@link ErrorCode#NAME_TAKEN}, {@link ErrorCode#UPLOAD_INTERRUPTED},
   *     {@link ErrorCode#DISK_FULL}; nothing is kept then but the failed operation
   */
  public OperationView receive(ImportRequest request, Incoming content)
      throws InterruptedException {
    if (!uploads.tryAcquire()) {
      throw Problem.of(ErrorCode.SERVER_UNREACHABLE, "importing " + request.image())
          .detail(MAX_UPLOADS + " imports are under way.")
          .next("Wait until one has ended: ratoon operation list.")
          .asException();
    }
    boolean goesOn = false;
    try {
      OperationRow operation = database.write(tx -> begin(tx, request));
      ImportSteps steps = new ImportSteps(operations, operation.view().id(), clock);
      Upload upload = received(operation, request, content, steps);
      importing.execute(() -> finish(operation, request, upload, steps));
      goesOn = true;
      return operations.show(request.tenant(), operation.view().id(), Duration.ZERO);
    } finally {
      if (!goesOn) {
        uploads.release();
      }
    }
  }

  private OperationRow begin(Transaction tx, ImportRequest request) {
    tx.images()
        .find(request.tenant(), request.image())
        .ifPresent(image -> {
          throw taken(request);
        });
    return operations.begin(
        tx,
        request.tenant(),
        OperationKind.IMPORT,
        Subject.named(request.image().toString()),
        0,
        ImportSteps.first(clock));
  }

  private Upload received(
      OperationRow operation, ImportRequest request, Incoming content, ImportSteps steps) {
    try {
      Upload upload = cache.beginUpload();
      try {
        long bytes = new Receiver(upload, request).receive(content, steps);
        steps.uploadDone(bytes);
        return upload;
      } catch (RuntimeException failed) {
        close(upload);
        throw failed;
      }
    } catch (RuntimeException failed) {
      fail(operation, failed);
      throw failed;
    }
  }

  private void finish(
      OperationRow operation, ImportRequest request, Upload upload, ImportSteps steps) {
    // What was there already must not leave before it has this name.
    try (Cache.Hold _ = cache.hold()) {
      Imported imported = imported(request, upload, steps);
      database.change(tx -> name(tx, operation, request, imported));
      kinship.catchUp();
    } catch (RuntimeException failed) {
      fail(operation, failed);
    } finally {
      uploads.release();
    }
  }

  /** Whoever hears of the end finds the uploaded file gone. */
  private Imported imported(ImportRequest request, Upload upload, ImportSteps steps) {
    try {
      return cache.importUpload(upload, request.fileName(), steps);
    } finally {
      close(upload);
    }
  }

  /** Gives the base disk its name, unless somebody else took it meanwhile. */
  private void name(
      Transaction tx, OperationRow operation, ImportRequest request, Imported imported) {
    Optional<ImageRow> holder = tx.images().find(request.tenant(), request.image());
    if (holder.isPresent() && !holder.get().diskId().equals(imported.diskId())) {
      throw taken(request);
    }
    if (holder.isEmpty()) {
      tx.images()
          .add(
              new ImageRow(
                  request.tenant(),
                  request.image(),
                  imported.diskId(),
                  imported.sizeBytes(),
                  imported.storedBytes(),
                  imported.sourceFormat(),
                  request.firmware(),
                  request.minimumMemoryBytes(),
                  request.differencing(),
                  clock.instant()));
    }
    String base = "base disk " + imported.diskId().shortForm();
    operations.succeed(
        tx,
        now(operation),
        imported.alreadyThere() ? base + " was already there" : base + " is new");
  }

  private void fail(OperationRow operation, RuntimeException failed) {
    Problem problem =
        failed instanceof RatoonException known
            ? known.problem()
            : Problem.of(ErrorCode.INTERNAL, "importing " + operation.view().subject())
                .detail("This is a defect of Ratoon; the server's log has the reason.");
    if (problem.code() == ErrorCode.INTERNAL) {
      LOG.atError()
          .addKeyValue("operation", operation.view().id())
          .setCause(failed)
          .log("import failed");
    }
    database.change(tx -> operations.fail(tx, now(operation), problem));
  }

  /** The operation with the steps that it has by now. */
  private OperationRow now(OperationRow operation) {
    OperationId id = operation.view().id();
    return operations.running(id).orElse(operation);
  }

  private static RatoonException taken(ImportRequest request) {
    return Problem.of(ErrorCode.NAME_TAKEN, "importing " + request.image())
        .detail("There is an image of this name already.")
        .next("Choose another tag, or delete that image first.")
        .asException();
  }

  private static void close(Upload upload) {
    try {
      upload.close();
    } catch (IOException swept) {
      LOG.atWarn().setCause(swept).log("an upload's file stays until the next start");
    }
  }

  /** Lets imports end for a moment; what is not done by then fails at the next start. */
  @Override
  public void close() {
    importing.shutdown();
    try {
      if (!importing.awaitTermination(PATIENCE_AT_CLOSE.toSeconds(), TimeUnit.SECONDS)) {
        LOG.atWarn().log("an import is cut short");
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
