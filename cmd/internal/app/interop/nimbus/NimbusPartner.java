import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.jwk.ECKey;
import com.nimbusds.jose.util.DefaultResourceRetriever;
import com.nimbusds.jose.util.JSONObjectUtils;
import com.nimbusds.jose.util.ResourceRetriever;
import com.nimbusds.jwt.JWT;
import com.nimbusds.oauth2.sdk.*;
import com.nimbusds.oauth2.sdk.auth.ClientAuthentication;
import com.nimbusds.oauth2.sdk.auth.PrivateKeyJWT;
import com.nimbusds.oauth2.sdk.id.*;
import com.nimbusds.oauth2.sdk.pkce.CodeChallengeMethod;
import com.nimbusds.oauth2.sdk.pkce.CodeVerifier;
import com.nimbusds.oauth2.sdk.token.*;

import com.nimbusds.openid.connect.sdk.*;
import com.nimbusds.openid.connect.sdk.claims.IDTokenClaimsSet;
import com.nimbusds.openid.connect.sdk.op.OIDCProviderMetadata;
import com.nimbusds.openid.connect.sdk.token.OIDCTokens;
import com.nimbusds.openid.connect.sdk.validators.IDTokenValidator;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** A partner app on the Nimbus OAuth 2.0 SDK: private_key_jwt, a pushed request, PKCE, and every token verified by the library. */
public class NimbusPartner {
    static final String BASE = System.getenv("BASE");
    static final URI CALLBACK = URI.create(BASE + "/callback");
    static final ClientID CLIENT = new ClientID(System.getenv("CLIENT_ID"));
    /** By itself the library waits half a second for the keys: a busy machine that tests takes longer. */
    static final ResourceRetriever PATIENT = new DefaultResourceRetriever(60_000, 60_000);

    interface Handler {
        /** Returns a URI to redirect to, or what to answer as JSON. */
        Object handle(URI url) throws Exception;
    }

    OIDCProviderMetadata server;
    ECKey key;
    State state;
    Nonce nonce;
    CodeVerifier verifier;
    JWT idToken;

    public static void main(String[] args) throws Exception {
        NimbusPartner partner = new NimbusPartner();
        partner.server = OIDCProviderMetadata.resolve(new Issuer(System.getenv("ISSUER")));
        partner.key = ECKey.parse(System.getenv("KEY"));
        HttpServer http = HttpServer.create(new InetSocketAddress("127.0.0.1", URI.create(BASE).getPort()), 0);
        route(http, "/", url -> Map.of("ready", true));
        route(http, "/login", url -> partner.login());
        route(http, "/callback", partner::callback);
        route(http, "/logout", url -> new LogoutRequest(partner.server.getEndSessionEndpointURI(), partner.idToken, URI.create(BASE + "/signed-out"), new State("bye")).toURI());
        route(http, "/signed-out", url -> Map.of("state", url.getQuery().replace("state=", "")));
        http.start();
    }

    static void route(HttpServer http, String path, Handler handler) {
        http.createContext(path, exchange -> {
            try {
                Object answer = handler.handle(URI.create(BASE + exchange.getRequestURI()));
                if (answer instanceof URI location) {
                    exchange.getResponseHeaders().set("Location", location.toString());
                    exchange.sendResponseHeaders(303, -1);
                } else {
                    write(exchange, 200, JSONObjectUtils.toJSONString((Map<String, ?>) answer));
                }
            } catch (Exception e) {
                StringWriter trace = new StringWriter();
                e.printStackTrace(new PrintWriter(trace));
                write(exchange, 500, trace.toString());
            } finally {
                exchange.close();
            }
        });
    }

    static void write(HttpExchange exchange, int status, String body) throws java.io.IOException {
        byte[] raw = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, raw.length);
        exchange.getResponseBody().write(raw);
    }

    /** An assertion is used once, so each request gets its own. */
    ClientAuthentication authentication() throws Exception {
        return new PrivateKeyJWT(CLIENT, server.getTokenEndpointURI(), JWSAlgorithm.ES256, key.toECPrivateKey(), key.getKeyID(), null);
    }

    URI login() throws Exception {
        state = new State();
        nonce = new Nonce();
        verifier = new CodeVerifier();
        AuthenticationRequest request = new AuthenticationRequest.Builder(ResponseType.CODE, new Scope("openid", "profile", "email"), CLIENT, CALLBACK)
            .state(state).nonce(nonce).codeChallenge(verifier, CodeChallengeMethod.S256).build();
        var pushed = new PushedAuthorizationRequest(server.getPushedAuthorizationRequestEndpointURI(), authentication(), request);
        PushedAuthorizationResponse response = PushedAuthorizationResponse.parse(pushed.toHTTPRequest().send());
        if (!response.indicatesSuccess()) {
            throw new GeneralException(response.toErrorResponse().getErrorObject());
        }
        URI handle = response.toSuccessResponse().getRequestURI();
        return new AuthenticationRequest.Builder(handle, CLIENT).endpointURI(server.getAuthorizationEndpointURI()).build().toURI();
    }

    Object callback(URI url) throws Exception {
        AuthenticationResponse response = AuthenticationResponseParser.parse(url);
        if (!response.indicatesSuccess()) {
            throw new GeneralException(response.toErrorResponse().getErrorObject());
        }
        if (!state.equals(response.getState()) || !server.getIssuer().equals(response.getIssuer())) {
            throw new GeneralException("state " + response.getState() + ", iss " + response.getIssuer());
        }
        OIDCTokens tokens = tokens(new AuthorizationCodeGrant(response.toSuccessResponse().getAuthorizationCode(), CALLBACK, verifier));
        idToken = tokens.getIDToken();
        IDTokenClaimsSet claims = validate(idToken, nonce);

        UserInfoResponse userinfo = UserInfoResponse.parse(new UserInfoRequest(server.getUserInfoEndpointURI(), tokens.getAccessToken()).toHTTPRequest().send());
        OIDCTokens refreshed = tokens(new RefreshTokenGrant(tokens.getRefreshToken()));
        Map<String, Object> introspection = introspect(refreshed.getAccessToken());
        int revocation = new TokenRevocationRequest(server.getRevocationEndpointURI(), authentication(), refreshed.getRefreshToken()).toHTTPRequest().send().getStatusCode();
        if (revocation != 200) {
            throw new GeneralException("revocation: " + revocation);
        }
        return Map.of(
            "id_token", claims.toJSONObject(),
            "userinfo", userinfo.toSuccessResponse().getUserInfo().toJSONObject(),
            "token_type", tokens.getAccessToken().getType().getValue(),
            "refreshed", Map.of(
                "id_token", validate(refreshed.getIDToken(), null).toJSONObject(),
                "rotated", !refreshed.getRefreshToken().equals(tokens.getRefreshToken())),
            "introspection", introspection,
            "revoked", introspect(refreshed.getAccessToken()));
    }

    OIDCTokens tokens(AuthorizationGrant grant) throws Exception {
        TokenRequest request = new TokenRequest.Builder(server.getTokenEndpointURI(), authentication(), grant).build();
        TokenResponse response = OIDCTokenResponseParser.parse(request.toHTTPRequest().send());
        if (!response.indicatesSuccess()) {
            throw new GeneralException(response.toErrorResponse().getErrorObject());
        }
        return ((OIDCTokenResponse) response.toSuccessResponse()).getOIDCTokens();
    }

    IDTokenClaimsSet validate(JWT token, Nonce expected) throws Exception {
        return new IDTokenValidator(server.getIssuer(), CLIENT, JWSAlgorithm.RS256, server.getJWKSetURI().toURL(), PATIENT).validate(token, expected);
    }

    Map<String, Object> introspect(AccessToken token) throws Exception {
        var request = new TokenIntrospectionRequest(server.getIntrospectionEndpointURI(), authentication(), token);
        TokenIntrospectionResponse response = TokenIntrospectionResponse.parse(request.toHTTPRequest().send());
        if (!response.indicatesSuccess()) {
            throw new GeneralException(response.toErrorResponse().getErrorObject());
        }
        return response.toSuccessResponse().toJSONObject();
    }
}
