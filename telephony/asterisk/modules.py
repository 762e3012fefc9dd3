"""The modules of Asterisk that Liandong needs, and nothing else."""

from __future__ import annotations

MODULES: tuple[str, ...] = (
    # What others stand on.
    "res_sorcery_config", "res_sorcery_memory", "res_sorcery_astdb", "res_sorcery_memory_cache",
    "res_timing_timerfd", "res_crypto",
    "res_http_websocket", "res_websocket_client", "res_speech", "res_agi", "res_musiconhold", "res_geolocation",
    "res_rtp_asterisk", "res_srtp", "res_security_log", "res_format_attr_opus", "res_format_attr_h264",
    "res_stasis",
    # SIP.
    "res_pjproject", "res_pjsip", "res_pjsip_session", "res_pjsip_pubsub", "res_pjsip_authenticator_digest",
    "res_pjsip_caller_id", "res_pjsip_dtmf_info", "res_pjsip_empty_info", "res_pjsip_endpoint_identifier_ip",
    "res_pjsip_endpoint_identifier_user", "res_pjsip_geolocation", "res_pjsip_header_funcs", "res_pjsip_logger",
    "res_pjsip_maintenance", "res_pjsip_messaging", "res_pjsip_nat", "res_pjsip_outbound_authenticator_digest",
    "res_pjsip_outbound_registration", "res_pjsip_dlg_options", "res_pjsip_registrar", "res_pjsip_rfc3326",
    "res_pjsip_sdp_rtp", "res_pjsip_transport_websocket", "res_pjsip_path", "res_pjsip_refer",
    "res_pjsip_diversion", "chan_pjsip",
    # Joining channels.
    "bridge_simple", "bridge_native_rtp", "bridge_softmix", "bridge_holding", "bridge_builtin_features",
    "bridge_builtin_interval_features",
    # Voice.
    "codec_alaw", "codec_ulaw", "codec_a_mu", "codec_g722", "codec_resample", "codec_opus_open_source",
    "format_wav", "format_sln", "format_pcm",
    # Records.
    "res_cdrel_custom", "cel_custom", "cdr_custom", "app_cdr", "app_celgenuserevent", "app_forkcdr",
    # The dialplan and its words.
    "pbx_config", "app_dial", "app_stack", "app_verbose", "app_mixmonitor", "app_playback", "app_playtones",
    "app_read", "app_bridgewait", "app_confbridge", "app_chanspy", "app_originate", "app_userevent",
    "app_queue", "app_senddtmf", "app_echo", "app_exec", "app_channelredirect", "app_while", "app_db",
    "app_amd", "app_system", "app_sendtext",
    "func_callerid", "func_cdr", "func_channel", "func_cut", "func_db", "func_devstate", "func_dialplan", "func_env",
    "func_global", "func_groupcount", "func_hangupcause", "func_logic", "func_math",
    "func_pjsip_aor", "func_pjsip_contact", "func_pjsip_endpoint", "func_rand", "func_sprintf", "func_strings",
    "func_timeout", "func_uri", "func_uuid", "func_version", "func_extstate", "func_volume", "func_talkdetect",
    "func_periodic_hook", "func_sysinfo", "func_base64", "func_json", "func_config", "func_presencestate",
    "res_manager_devicestate", "res_clialiases", "res_mutestream", "res_prometheus", "app_audiosocket",
    "res_audiosocket", "chan_websocket",
)  # fmt: skip
