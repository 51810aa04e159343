# A partner app on Rack and OmniAuth's OpenID Connect strategy, as its documentation shows: discovery, a nonce, no PKCE.

require 'json'
require 'omniauth_openid_connect'
require 'rack'
require 'uri'
require 'webrick'

begin
  require 'rackup' # Rack 3 has its handlers there
rescue LoadError
  nil
end

ISSUER = ENV.fetch('ISSUER')
BASE = ENV.fetch('BASE')

SWD.url_builder = URI::HTTP # by itself discovery is for https, and the server of the test speaks http on loopback
OmniAuth.config.allowed_request_methods = [:get]
OmniAuth.config.silence_get_warning = true

# partner answers what OmniAuth has left to the app.
class Partner
  def call(env)
    case env['PATH_INFO']
    when '/' then json(ready: true)
    when '/auth/symbolon/callback' then json(callback(env))
    when '/auth/failure' then [500, {}, [Rack::Request.new(env).query_string]]
    when '/logout' then logout
    when '/signed-out' then json(state: Rack::Request.new(env).params['state'])
    else [404, {}, []]
    end
  end

  private

  def callback(env)
    signed_in = env['omniauth.auth']
    @id_token = signed_in.credentials.id_token
    client = env['omniauth.strategy'].client
    client.refresh_token = signed_in.credentials.refresh_token
    refreshed = client.access_token!
    {
      id_token: claims(@id_token),
      userinfo: signed_in.extra.raw_info,
      refreshed: { id_token: claims(refreshed.id_token), rotated: refreshed.refresh_token != signed_in.credentials.refresh_token }
    }
  end

  def claims(id_token) = JSON::JWT.decode(id_token, :skip_verification) # the strategy has verified it

  def logout
    hint = { id_token_hint: @id_token, post_logout_redirect_uri: "#{BASE}/signed-out", state: 'bye' }
    [303, { 'location' => "#{ISSUER}/oauth2/logout?#{URI.encode_www_form(hint)}" }, []]
  end

  def json(answer) = [200, { 'content-type' => 'application/json' }, [JSON.generate(answer)]]
end

app = Rack::Builder.new do
  use Rack::Session::Cookie, key: 'ruby', secret: 'a secret of the partner' * 4
  use OmniAuth::Builder do
    provider :openid_connect,
             name: :symbolon, issuer: ISSUER, discovery: true, scope: %i[openid profile email], response_type: 'code',
             client_options: { identifier: ENV.fetch('CLIENT_ID'), secret: ENV.fetch('CLIENT_SECRET'), redirect_uri: "#{BASE}/auth/symbolon/callback" }
  end
  run Partner.new
end

handlers = defined?(Rackup::Handler) ? Rackup::Handler : Rack::Handler
handlers.get('webrick').run(app.to_app, Host: '127.0.0.1', Port: URI(BASE).port, AccessLog: [])
