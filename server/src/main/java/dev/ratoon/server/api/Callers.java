package dev.ratoon.server.api;

import dev.ratoon.model.ErrorCode;
import dev.ratoon.model.HostId;
import dev.ratoon.model.Problem;
import dev.ratoon.model.RatoonException;
import dev.ratoon.protocol.Endpoint;
import dev.ratoon.protocol.Permission;
import dev.ratoon.server.members.Members;
import dev.ratoon.server.tenants.Caller;
import dev.ratoon.server.tenants.Tokens;
import java.security.cert.X509Certificate;
import java.util.Optional;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.EndPoint;
import org.eclipse.jetty.server.Request;

/** Knows who asks: users by their tokens, agents by the certificates of their hosts. */
record Callers(Tokens tokens, Members members) {
  private static final String BEARER = "Bearer ";

  /**
   * Who asks, if he may ask for this.
   *
   * @throws RatoonException {@link ErrorCode#FORBIDDEN}, {@link ErrorCode#UNAUTHENTICATED}
   */
  Caller admitted(Request request, Endpoint<?, ?> endpoint) {
    return endpoint.permission() == Permission.AGENT
        ? agent(request, endpoint)
        : user(request, endpoint);
  }

  private Caller agent(Request request, Endpoint<?, ?> endpoint) {
    Optional<X509Certificate> shown = certificate(request);
    Optional<HostId> host = shown.flatMap(members::known);
    if (host.isPresent()) {
      return Caller.agent(host.get());
    }
    String doing = "asking for " + endpoint.id();
    if (shown.isPresent()) {
      throw Problem.of(ErrorCode.FORBIDDEN, doing)
          .detail("This host does not belong to the fleet, or does no more.")
          .next("To let it join anew: ratoon host token")
          .asException();
    }
    throw Problem.of(ErrorCode.UNAUTHENTICATED, doing)
        .detail("Only the agents of hosts may, and they show a certificate.")
        .asException();
  }

  /** The certificate of who is connected; TLS has checked that the fleet's authority made it. */
  static Optional<X509Certificate> certificate(Request request) {
    return request.getAttribute(EndPoint.SslSessionData.ATTRIBUTE)
                instanceof EndPoint.SslSessionData session
            && session.peerCertificates() != null
            && session.peerCertificates().length > 0
        ? Optional.of(session.peerCertificates()[0])
        : Optional.empty();
  }

  private Caller user(Request request, Endpoint<?, ?> endpoint) {
    String header = request.getHeaders().get(HttpHeader.AUTHORIZATION);
    Optional<Caller> caller =
        header != null && header.startsWith(BEARER)
            ? tokens.caller(header.substring(BEARER.length()).strip())
            : Optional.empty();
    Caller who = caller.orElse(Caller.NOBODY);
    if (who.may(endpoint.permission())) {
      return who;
    }
    if (caller.isPresent()) {
      throw Problem.of(ErrorCode.FORBIDDEN, "asking for " + endpoint.id())
          .detail("The token '" + who.name() + "' lacks " + endpoint.permission() + ".")
          .asException();
    }
    throw Problem.of(ErrorCode.UNAUTHENTICATED, "asking for " + endpoint.id())
        .detail(header == null ? "The request has no token." : "The token is not valid.")
        .next("Send the header 'Authorization: Bearer TOKEN'.")
        .asException();
  }
}
