#include "app/providers.h"

#include <optional>
#include <stdexcept>

#include "base/version.h"
#include "messaging/telesign/intelligence.h"
#include "messaging/telesign/poller.h"
#include "messaging/telesign/receipts.h"
#include "messaging/telesign/sender.h"
#include "messaging/whatsapp/meta_receipts.h"
#include "messaging/whatsapp/meta_sender.h"

namespace kriya::app {
namespace {

using config::Settings;
using config::SmsProvider;
using config::WhatsAppProvider;
namespace telesign = messaging::telesign;
namespace whatsapp = messaging::whatsapp;

telesign::Auth auth_of(config::TelesignAuth auth) {
  switch (auth) {
    case config::TelesignAuth::automatic:
      return telesign::Auth::automatic;
    case config::TelesignAuth::digest:
      return telesign::Auth::digest;
    case config::TelesignAuth::basic:
      return telesign::Auth::basic;
  }
  return telesign::Auth::automatic;
}

telesign::Options telesign_options(const Settings& settings) {
  return {.credentials = {settings.telesign_customer_id, settings.telesign_api_key},
          .detect = {settings.telesign_detect_customer_id, settings.telesign_detect_api_key},
          .base_url = settings.telesign_base_url,
          .detect_url = settings.telesign_detect_url,
          .auth = auth_of(settings.telesign_auth),
          .messages_per_second = settings.telesign_messages_per_second};
}

telesign::SendingOptions sending_options(const Settings& settings, const std::string& public_url) {
  return {.sender_id = settings.telesign_sender_id,
          .callback_url = settings.telesign_callbacks ? public_url + "/webhooks/telesign" : "",
          .code_template = settings.whatsapp_code_template,
          .sms_fallback = true};
}

/// One provider's sender for the channels that the configuration gives it, and no others.
class ForChannels final : public messaging::MessageSender {
 public:
  ForChannels(messaging::MessageSender& sender, std::vector<messaging::Channel> channels)
      : sender_(sender), channels_(std::move(channels)) {}

  std::string_view provider() const override { return sender_.provider(); }
  bool carries(messaging::Channel channel, const messaging::Content& content) const override {
    return std::ranges::find(channels_, channel) != channels_.end() && sender_.carries(channel, content);
  }
  Task<messaging::SendOutcome> send(messaging::Outgoing message, Deadline deadline) override {
    return sender_.send(std::move(message), deadline);
  }

 private:
  messaging::MessageSender& sender_;
  std::vector<messaging::Channel> channels_;
};

class ConfiguredProviders final : public Providers {
 public:
  ConfiguredProviders(const Settings& settings, const std::string& public_url, const Clock& clock)
      : http_({.user_agent = std::string("kriya/") + kVersion}) {
    if (!settings.telesign_customer_id.empty() && !settings.telesign_api_key.empty()) {
      open_telesign(settings, public_url, clock);
    }
    if (!settings.whatsapp_access_token.empty() && !settings.whatsapp_phone_number_id.empty()) open_meta(settings);
    if (!settings.whatsapp_app_secret.empty()) {
      receipt_parsers.push_back(&meta_receipts_.emplace(settings.whatsapp_app_secret));
    }
    choose_senders(settings);
  }

 private:
  void open_telesign(const Settings& settings, const std::string& public_url, const Clock& clock) {
    const telesign::Options options = telesign_options(settings);
    telesign_.emplace(http_, clock, options);
    telesign_sender_.emplace(*telesign_, sending_options(settings, public_url));
    pollers.emplace("telesign", &telesign_poller_.emplace(*telesign_));
    receipt_parsers.push_back(&telesign_receipts_.emplace(options.credentials, settings.telesign_previous_api_key));
    lookup = &telesign_lookup_.emplace(*telesign_, clock);
    risk = &telesign_risk_.emplace(
        *telesign_, telesign::RiskThresholds{.flag = settings.risk_flag_score, .block = settings.risk_block_score});
    if (settings.code_provider == config::CodeProvider::telesign) {
      code_verifier = &telesign_verifier_.emplace(*telesign_);
    }
  }

  void open_meta(const Settings& settings) {
    meta_sender_.emplace(http_, whatsapp::MetaOptions{.base_url = settings.whatsapp_base_url,
                                                      .phone_number_id = settings.whatsapp_phone_number_id,
                                                      .access_token = settings.whatsapp_access_token,
                                                      .code_template = settings.whatsapp_code_template});
  }

  void choose_senders(const Settings& settings) {
    using messaging::Channel;
    std::vector<Channel> by_console;
    std::vector<Channel> by_telesign;
    if (settings.sms_provider == SmsProvider::console) by_console = {Channel::sms, Channel::voice};
    if (settings.sms_provider == SmsProvider::telesign) by_telesign = {Channel::sms, Channel::voice};
    if (settings.whatsapp_provider == WhatsAppProvider::console) by_console.push_back(Channel::whatsapp);
    if (settings.whatsapp_provider == WhatsAppProvider::telesign) by_telesign.push_back(Channel::whatsapp);
    if (!by_console.empty()) senders.push_back(&for_console_.emplace(console_, std::move(by_console)));
    if (!by_telesign.empty()) senders.push_back(&for_telesign_.emplace(*telesign_sender_, std::move(by_telesign)));
    if (settings.whatsapp_provider == WhatsAppProvider::meta) senders.push_back(&*meta_sender_);
  }

  http::client::Curl http_;
  messaging::ConsoleSender console_{messaging::print_to_standard_output};
  std::optional<telesign::TelesignApi> telesign_;
  std::optional<telesign::TelesignSender> telesign_sender_;
  std::optional<telesign::TelesignPoller> telesign_poller_;
  std::optional<telesign::TelesignReceipts> telesign_receipts_;
  std::optional<telesign::TelesignLookup> telesign_lookup_;
  std::optional<telesign::TelesignRisk> telesign_risk_;
  std::optional<telesign::TelesignCodeVerifier> telesign_verifier_;
  std::optional<whatsapp::MetaSender> meta_sender_;
  std::optional<whatsapp::MetaReceipts> meta_receipts_;
  std::optional<ForChannels> for_console_;
  std::optional<ForChannels> for_telesign_;
};

}  // namespace

Result<std::unique_ptr<Providers>> Providers::open(const Settings& settings, const std::string& public_url,
                                                   const Clock& clock) {
  try {
    return std::make_unique<ConfiguredProviders>(settings, public_url, clock);
  } catch (const std::runtime_error& error) {
    return fail(Errc::unavailable, error.what());
  }
}

}  // namespace kriya::app
